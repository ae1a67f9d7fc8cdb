import type { FlowState } from '@sluice/contracts';
import { isJsonObject } from '../requests/validated.ts';

/**
 * Whether a change only pauses a flow, or lets a paused one go on as it was: what an operator may do. Going on publishes
 * the saved version, so it must be the published one.
 */
export function isPausing(flow: FlowState, body: unknown): boolean {
  if (!isJsonObject(body) || Object.keys(body).some((field) => field !== 'status' && field !== 'appId')) return false;
  if (body.status === 'paused') return true;
  const goesOn = body.status === 'active' || body.status === 'live';
  return goesOn && flow.status === 'paused' && flow.publishedVersion === flow.version;
}
