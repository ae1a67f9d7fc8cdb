import { Injectable } from '@nestjs/common';
import { RawRoutes, type RawRoutesProvider } from '@sluice/platform';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TriggerDoor } from '../accept/trigger-door.ts';
import type { TriggerProfile } from '../accept/trigger-profile.ts';
import { FlowProfile } from './flow/flow-profile.ts';
import { ListenerProfile } from './listener/listener-profile.ts';
import { NativeProfile } from './native/native-profile.ts';
import { RunProfile } from './run/run-profile.ts';

/**
 * Addresses that the router cannot read, such as `/apps/%ff/webhooks/…` or an id of a thousand characters: below the path
 * of a profile there is no such trigger, in the profile's own words (LN-04), as for every other id that is none.
 */
@Injectable()
@RawRoutes()
export class UnreadableAddresses implements RawRoutesProvider {
  readonly #profiles: readonly (readonly [prefix: string, profile: TriggerProfile])[];

  constructor(
    private readonly door: TriggerDoor,
    flow: FlowProfile,
    listener: ListenerProfile,
    native: NativeProfile,
    run: RunProfile,
  ) {
    this.#profiles = [
      ['/apps/', listener],
      ['/v1/flow-webhook/', flow],
      ['/api/webhooks/', run],
      ['/t/', native],
    ];
  }

  registerRoutes(): void {
    // What it answers has no route.
  }

  answerUnreadable(request: FastifyRequest, reply: FastifyReply): boolean {
    const found = this.#profiles.find(([prefix]) => request.raw.url?.startsWith(prefix));
    if (!found) return false;
    reply.hijack();
    void this.door.handle(found[1], () => null, request.raw, reply.raw);
    return true;
  }
}
