import { Injectable } from '@nestjs/common';
import { InjectSettings, type Settings } from '@sluice/platform';
import type { CompiledFlow } from '../flows/compiled-flow.ts';
import type { PendingStart } from '../starting/pending-start.ts';
import { childKeyOf, limitKeyOf, type PlaceScope, placesKeyOf } from './limit.rules.ts';

/** How many runs of an app may be under way (FL-07), which the operator says. */
@Injectable()
export class AppLimits {
  private readonly each: number | null;
  private readonly ofApp: ReadonlyMap<string, number | null>;

  constructor(@InjectSettings() { runsPerApp }: Pick<Settings, 'runsPerApp'>) {
    this.each = runsPerApp?.each ?? null;
    this.ofApp = new Map(Object.entries(runsPerApp?.ofApp ?? {}));
  }

  /** Null: any number. */
  of(appId: string | null): number | null {
    const own = appId === null ? undefined : this.ofApp.get(appId);
    return own === undefined ? this.each : own;
  }

  /** The key that a run has to wait in, also when there is room; null: nothing holds it up. */
  queueOf({ orderingKey, appId, flowId, parent }: PendingStart, flow: CompiledFlow | null): string | null {
    if (orderingKey !== null) return orderingKey;
    const isApart = this.of(appId) !== null && parent?.waits === true;
    if (isApart) return flow?.limit ? childKeyOf(appId, flowId) : null;
    return flow?.limit || this.of(appId) !== null ? limitKeyOf(appId, flowId) : null;
  }

  /**
   * What a run takes a place of. A run that another one waits for has its place in the app by that one: otherwise a
   * full app would wait for what cannot begin.
   */
  scopesOf({ appId, flowId, parent }: PendingStart, flow: CompiledFlow | null): PlaceScope[] {
    const ofFlow = flow?.limit ? [{ key: limitKeyOf(appId, flowId), ...flow.limit }] : [];
    const limit = parent?.waits ? null : this.of(appId);
    return limit === null ? ofFlow : [...ofFlow, { key: placesKeyOf(appId), limit, whenFull: 'queue' }];
  }
}
