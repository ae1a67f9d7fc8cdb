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
  queueOf(pending: PendingStart, flow: CompiledFlow | null): string | null {
    const { orderingKey, appId, flowId, parent } = pending;
    if (orderingKey !== null) return orderingKey;
    const isLimited = takesPlaceOfFlow(pending, flow);
    const isApart = this.of(appId) !== null && parent?.waits === true;
    if (isApart) return isLimited ? childKeyOf(appId, flowId) : null;
    return isLimited || this.of(appId) !== null ? limitKeyOf(appId, flowId) : null;
  }

  /**
   * What a run takes a place of. A run that another one waits for has its place in the app by that one, and so it has in
   * a flow that calls itself: otherwise what is full would wait for what cannot begin.
   */
  scopesOf(pending: PendingStart, flow: CompiledFlow | null): PlaceScope[] {
    const { appId, flowId, parent } = pending;
    const ofFlow =
      flow?.limit && takesPlaceOfFlow(pending, flow) ? [{ key: limitKeyOf(appId, flowId), ...flow.limit }] : [];
    const limit = parent?.waits ? null : this.of(appId);
    return limit === null ? ofFlow : [...ofFlow, { key: placesKeyOf(appId), limit, whenFull: 'queue' }];
  }
}

/** Not where one of the runs that wait for it is of the same flow. */
function takesPlaceOfFlow({ flowId, parent }: PendingStart, flow: CompiledFlow | null): boolean {
  return flow?.limit != null && !parent?.flowIds?.includes(flowId);
}
