import { Controller, Inject } from '@nestjs/common';
import { AccessControl, DEFAULT_APP_ID, DEFAULT_APP_NAME } from '@sluice/access';
import { Consumes, type EventBatch, type ForeignMessage } from '@sluice/bus';
import { type CloudEvent, derivedId, DOMAIN_EVENTS_TOPIC } from '@sluice/contracts';
import { EventSchemas } from '@sluice/event-schemas';
import { InjectSettings, type Settings } from '@sluice/platform';
import { fromCloudEvent } from './cloud-event.rules.ts';
import { EventRecorder } from './event-recorder.ts';
import { fromGateway } from './from-gateway.ts';
import { appOf, BadRecordError, cloudEventOf } from './from-kafka.ts';
import { fromRegistry, REGISTRY_EVENT_TYPES } from './from-registry.ts';
import { fromRunner } from './from-runner.ts';
import { idOfTime } from './id-of-time.ts';
import { InvalidEventDataError } from './invalid-event-data-error.ts';
import type { ReceivedEvent } from './received-event.ts';

const MAX_BATCH = 128;
/**
 * A run leaves four events of which two come here, so these are 128 runs. With 128 events a commit took 32 of them, and
 * from 1,500 triggers/s on the dispatcher fell behind with a processor that was not full.
 */
const MAX_RUNNER_BATCH = 512;
/**
 * The same far behind: at 2,500/s one commit followed the other with 60 ms between their beginnings, and 128 runs each were
 * 2,050 a second, with an eighth of the processors idle; with 512 runs 2,500/s are followed.
 */
const FAR_BEHIND_RUNNER = { from: 2_048, maxBatch: 2_048 };

/** Everything that becomes a domain event, each by its own translation, all through the one recorder. */
@Controller()
export class DomainEventsConsumer {
  constructor(
    @Inject(EventRecorder) private readonly recorder: EventRecorder,
    @Inject(AccessControl) private readonly access: AccessControl,
    @InjectSettings() private readonly settings: Settings,
    @Inject(EventSchemas) private readonly schemas: EventSchemas,
  ) {}

  @Consumes('runner.events', {
    group: 'dispatcher',
    types: ['EventEmitted', 'RunFinished'],
    maxBatch: MAX_RUNNER_BATCH,
    behind: FAR_BEHIND_RUNNER,
  })
  onRunner(batch: EventBatch): Promise<void> {
    return this.recorder.record(
      batch.events.flatMap((event) => fromRunner(event, this.settings.publicUrl)),
      batch,
      this.#requireFitting,
    );
  }

  @Consumes('registry.events', { group: 'dispatcher', types: REGISTRY_EVENT_TYPES, maxBatch: MAX_BATCH })
  onRegistry(batch: EventBatch): Promise<void> {
    return this.recorder.record(
      batch.events.flatMap((event) => fromRegistry(event, this.settings.publicUrl)),
      batch,
    );
  }

  @Consumes('gateway.events', {
    group: 'dispatcher',
    types: ['EventPublished', 'TriggerForwarded'],
    maxBatch: MAX_BATCH,
  })
  onGateway(batch: EventBatch): Promise<void> {
    return this.recorder.record(
      batch.events.flatMap((event) => fromGateway(event, this.settings.publicUrl)),
      batch,
    );
  }

  /** Internal services publish CloudEvents here; a bad record becomes a dead letter and its neighbours go on. */
  @Consumes(DOMAIN_EVENTS_TOPIC, { group: 'dispatcher', foreign: true, maxBatch: MAX_BATCH })
  async onKafka(batch: EventBatch<ForeignMessage>): Promise<void> {
    const received: ReceivedEvent[] = [];
    for (const message of batch.events) received.push(await this.#fromKafka(message));
    await this.recorder.record(received, batch, this.#requireFitting);
  }

  /**
   * RG-05: what flows emit and what Kafka brings has passed no door that could refuse it, so it becomes a dead letter.
   * POST /v1/events has refused it already.
   */
  readonly #requireFitting = ({ appId, type, data }: ReceivedEvent): void => {
    const problems = this.schemas.check(appId, type, data);
    if (problems.length > 0) throw new InvalidEventDataError(type, problems);
  };

  async #fromKafka(message: ForeignMessage): Promise<ReceivedEvent> {
    const event = cloudEventOf(message);
    const named = appOf(message, event, this.settings.kafka ?? { topicApps: {}, trustedTopics: [] });
    const appId = await this.#appIdOf(named);
    if (appId === null) throw new BadRecordError(`there is no app ${named}`);
    // The record's own time decides the partition, and its place in the topic the rest, so that reading it again is the same event.
    const cause = derivedId(
      'kafka',
      idOfTime(message.timestamp.getTime()),
      `${message.topic}/${message.partition}/${message.offset}`,
    );
    // Where it belongs is a word to Sluice, not to receivers.
    const { appid: _, ...said } = event;
    return fromCloudEvent(said as CloudEvent, {
      appId,
      cause,
      publicUrl: this.settings.publicUrl,
      correlationId: cause,
      traceparent: message.headers.traceparent,
      receivedAt: message.timestamp.toISOString(),
    });
  }

  /** The default app has the same id everywhere: a record must not be refused because the registry starts later. */
  #appIdOf(named: string): Promise<string | null> {
    if (named === DEFAULT_APP_NAME) return Promise.resolve(DEFAULT_APP_ID);
    return this.access.findApp(named, { kind: 'personal', tokenId: '', appId: null, scopes: [], userId: null });
  }
}
