import { Injectable } from '@nestjs/common';
import type { AppError } from '@sluice/contracts';
import { InjectSettings, type Settings } from '@sluice/platform';
import type { Admission, AdmissionCheck } from '../accept/admission.ts';
import { gatewayError } from '../gateway.errors.ts';
import { addressKey, type AppliedRate, rateFields, rateText, secondsOf } from './rate-fields.rules.ts';
import { RateWindows } from './rate-windows.worker.ts';

/** What a refused caller is told of a limit, by its name. */
const WHOSE: Record<string, string> = {
  address: 'This address may send',
  trigger: 'This trigger takes',
  app: 'All triggers of this app together take',
};

function tooMany({ name, rate, standing }: AppliedRate): AppError {
  const seconds = secondsOf(standing.resetMs);
  const detail = `${WHOSE[name]} ${rateText(rate)}; try again in ${seconds} s.`;
  return gatewayError('too_many_requests', detail, { headers: { 'retry-after': String(seconds) } });
}

/** Says on the answer, whatever it will be, where the caller stands. */
function tell({ response }: Admission, applied: readonly AppliedRate[]): void {
  if (response.headersSent) return;
  const { policy, standing } = rateFields(applied);
  response.appendHeader('ratelimit-policy', policy);
  response.appendHeader('ratelimit', standing);
}

/** LC-04: the limit per address, before authentication, so that guessing a credential is limited too. */
@Injectable()
export class AddressLimit implements AdmissionCheck {
  constructor(
    private readonly windows: RateWindows,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  check(admission: Admission): void {
    const { address, ipv6Prefix } = this.settings.rateLimits;
    const profile = admission.route.trigger.profile;
    const rate = address[profile];
    if (rate === undefined) return;
    const key = `address:${profile}:${addressKey(admission.address, ipv6Prefix)}`;
    const applied = { name: 'address', rate, standing: this.windows.take(key, rate) };
    tell(admission, [applied]);
    if (!applied.standing.allowed) throw tooMany(applied);
  }
}

/** The limits of trigger and app, after authentication: a stranger cannot use them up. */
@Injectable()
export class TriggerLimit implements AdmissionCheck {
  constructor(
    private readonly windows: RateWindows,
    @InjectSettings() private readonly settings: Settings,
  ) {}

  check(admission: Admission): void {
    const { trigger } = admission.route;
    const ofTrigger = trigger.rateLimit ?? this.settings.rateLimits.trigger;
    const ofApp = this.settings.rateLimits.app;
    if (ofTrigger === null && ofApp === null) return;
    const limits = [
      ...(ofTrigger === null ? [] : [{ name: 'trigger', key: `trigger:${trigger.triggerId}`, rate: ofTrigger }]),
      ...(ofApp === null ? [] : [{ name: 'app', key: `app:${trigger.appId}`, rate: ofApp }]),
    ];
    // What one limit refuses does not count against the other.
    const isFull = limits.some(({ key, rate }) => !this.windows.peek(key, rate).allowed);
    const applied = limits.map(({ name, key, rate }) => ({
      name,
      rate,
      standing: isFull ? this.windows.peek(key, rate) : this.windows.take(key, rate),
    }));
    tell(admission, applied);
    const refusing = applied.find(({ standing }) => !standing.allowed);
    if (refusing) throw tooMany(refusing);
  }
}
