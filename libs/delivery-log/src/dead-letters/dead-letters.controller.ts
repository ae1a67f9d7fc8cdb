import { Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { actorOf, Caller, type Principal, Requires } from '@sluice/access';
import { type DeadLetterCommand, isUuid, newId } from '@sluice/contracts';
import type { EventStorePort } from '@sluice/event-store';
import { InjectStore, platformError } from '@sluice/platform';
import type { Page } from '../read-model/page.ts';
import { DeadLettersQueries, type DeadLetterView } from './dead-letters.query.ts';
import { DeadLettersQuery } from './dead-letters.requests.ts';
import { DEAD_LETTER, DEAD_LETTER_COMMAND, DEAD_LETTER_PAGE } from '../read-model/answer-schemas.ts';

/** For operators: dead letters belong to the deployment, not to an app. */
@ApiTags('dead letters')
@ApiBearerAuth()
@Controller('v1/dead-letters')
export class DeadLettersController {
  constructor(
    private readonly queries: DeadLettersQueries,
    @InjectStore('delivery-log') private readonly store: EventStorePort,
  ) {}

  @Get()
  @ApiOkResponse({ schema: DEAD_LETTER_PAGE })
  @Requires('admin', { everywhere: true })
  list(@Query() query: DeadLettersQuery): Promise<Page<DeadLetterView>> {
    return this.queries.list(query);
  }

  @Get(':id')
  @ApiOkResponse({ schema: DEAD_LETTER })
  @Requires('admin', { everywhere: true })
  async get(@Param('id') id: string): Promise<DeadLetterView> {
    const letter = isUuid(id) ? await this.queries.find(id) : null;
    if (!letter) throw platformError('not_found', `there is no dead letter ${id}`);
    return letter;
  }

  /** Asks its owner to try again, in order with what is parked behind it. */
  @Post(':id/retry')
  @HttpCode(202)
  @ApiAcceptedResponse({ schema: DEAD_LETTER_COMMAND })
  @Requires('admin', { everywhere: true })
  retry(@Param('id') id: string, @Caller() caller: Principal): Promise<{ id: string; status: string }> {
    return this.command(id, 'retry', caller);
  }

  /** Asks its owner to give it up; what is parked behind it can then be tried. */
  @Delete(':id')
  @HttpCode(202)
  @ApiAcceptedResponse({ schema: DEAD_LETTER_COMMAND })
  @Requires('admin', { everywhere: true })
  discard(@Param('id') id: string, @Caller() caller: Principal): Promise<{ id: string; status: string }> {
    return this.command(id, 'discard', caller);
  }

  private async command(
    id: string,
    action: DeadLetterCommand['action'],
    caller: Principal,
  ): Promise<{ id: string; status: string }> {
    const letter = await this.get(id);
    if (letter.status !== 'parked') throw platformError('conflict', `the dead letter is ${letter.status} already`);
    const data: DeadLetterCommand = {
      deadLetterId: letter.id,
      group: letter.group,
      action,
      requestedAt: new Date().toISOString(),
    };
    const commandId = newId();
    await this.store.append(commandId, 0, [
      {
        type: 'DeadLetterCommand',
        appId: letter.appId,
        data,
        meta: { correlationId: commandId, causationId: null, actor: actorOf(caller) },
      },
    ]);
    return { id, status: action === 'retry' ? 'retrying' : 'discarding' };
  }
}
