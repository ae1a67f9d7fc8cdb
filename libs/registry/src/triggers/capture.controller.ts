import { Body, Controller, Delete, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { type AppScope, Caller, InApp, type Principal, Requires } from '@sluice/access';
import { parseDurationMs } from '@sluice/contracts';
import { AllowsDryRun, MAX_WAIT_MS, OptionalBody, waitMs } from '@sluice/platform';
import { actorOf } from '../changes/change-log.ts';
import type { Reply } from '../requests/reply.ts';
import { invalidRequest, validated } from '../requests/validated.ts';
import { ArmCapture, CaptureView } from './capture.requests.ts';
import { Triggers } from './triggers.ts';

const DEFAULT_MS = 5 * 60_000;
const MAX_MS = 10 * 60_000;

/** Listening for the next request (GW-01); what was captured is read at the delivery log, under the same path. */
@ApiTags('triggers')
@ApiBearerAuth()
@Controller('v1/triggers')
export class CaptureController {
  constructor(private readonly triggers: Triggers) {}

  /**
   * Arms the trigger: the next request that carries its credential is stored as a sample, answered 202 `captured`, and
   * starts no run. Arming again begins anew. With `propagating` some gateway has not heard of it yet. With `wait` the
   * answer is 303 to where the sample is waited for, which HTTP clients follow by themselves.
   */
  @Post(':id/capture')
  @AllowsDryRun()
  @HttpCode(201)
  @Requires('automation.manage')
  @OptionalBody({ type: ArmCapture })
  @ApiQuery({
    name: 'wait',
    type: String,
    required: false,
    description: 'wait so long for the sample, such as 30s; at most 60s',
  })
  @ApiCreatedResponse({ type: CaptureView })
  @ApiResponse({
    status: 303,
    type: CaptureView,
    description: 'with `wait`: Location gives the sample once it is there',
  })
  async arm(
    @Param('id') id: string,
    @Query('wait') wait: unknown,
    @Body() body: unknown,
    @Caller() caller: Principal,
    @InApp() app: AppScope,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<CaptureView> {
    if (wait !== undefined && (typeof wait !== 'string' || waitMs(wait) === null)) {
      throw invalidRequest([
        { pointer: '/wait', message: `must be a duration of at most ${MAX_WAIT_MS / 1000}s, such as 30s` },
      ]);
    }
    const { duration } = await validated(ArmCapture, body ?? {});
    const durationMs = duration === undefined ? DEFAULT_MS : parseDurationMs(duration);
    if (durationMs === null || durationMs < 1_000 || durationMs > MAX_MS) {
      throw invalidRequest([{ pointer: '/duration', message: 'must be a duration (ISO 8601) from PT1S to PT10M' }]);
    }
    const { value, propagating } = await this.triggers.setCapture(id, durationMs, app, actorOf(caller));
    const { capture } = value;
    if (!capture) throw new Error(`trigger ${id} was armed and is not`);
    const sample = `/v1/triggers/${value.id}/capture?id=${capture.id}`;
    reply.header('location', wait === undefined ? sample : `${sample}&wait=${encodeURIComponent(wait)}`);
    if (wait !== undefined) reply.code(303);
    return { id: capture.id, triggerId: value.id, until: capture.until, ...(propagating ? { propagating: true } : {}) };
  }

  /** Disarms the trigger; what was captured stays. */
  @Delete(':id/capture')
  @AllowsDryRun()
  @HttpCode(204)
  @Requires('automation.manage')
  @ApiNoContentResponse()
  async disarm(@Param('id') id: string, @Caller() caller: Principal, @InApp() app: AppScope): Promise<void> {
    await this.triggers.setCapture(id, null, app, actorOf(caller));
  }
}
