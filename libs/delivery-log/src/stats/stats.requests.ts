import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInstant } from '@sluice/platform';
import { IsIn, IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';

const STEPS = ['minute', 'hour'] as const;
const ENDPOINT = /^(?:[1-9]\d{0,8}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** Of whom and of when; at most one of `triggerId`, `flowId`, `endpointId`, the whole app without any. */
export class StatsQuery {
  @ApiPropertyOptional({ format: 'date-time', description: 'an hour (a week by hours) before `until` unless given' })
  @IsOptional()
  @IsInstant()
  since?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'now unless given' })
  @IsOptional()
  @IsInstant()
  until?: string;

  @ApiPropertyOptional({ enum: STEPS, default: 'minute', description: 'what one point of the series covers' })
  @IsOptional()
  @IsIn(STEPS)
  step: (typeof STEPS)[number] = 'minute';

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID('all')
  triggerId?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID('all')
  flowId?: string;

  @ApiPropertyOptional({ description: 'the integer id or the uuid' })
  @IsOptional()
  @IsString()
  @Matches(ENDPOINT, { message: 'must be the integer id or the uuid of an endpoint' })
  endpointId?: string;

  /** Read by the guard, which checks it. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(200)
  appId?: string;
}

export class LatencyStats {
  @ApiProperty({ type: 'integer' })
  count!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'milliseconds; null without any' })
  p50!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  p95!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'above 60,000 it is shown as 60,000' })
  p99!: number | null;
}

/** Numbers of a time; what does not concern the subject (attempts of a trigger) is 0. */
export class StatCounts {
  @ApiProperty({ type: 'integer', description: 'requests that were accepted' })
  requests!: number;

  @ApiProperty({ type: 'integer', description: 'requests that were refused although their trigger exists' })
  rejected!: number;

  @ApiProperty({ type: 'integer', description: 'of the accepted, those handed on to endpoints without a run' })
  forwarded!: number;

  @ApiProperty({ type: 'integer' })
  runsStarted!: number;

  @ApiProperty({ type: 'integer' })
  runsSucceeded!: number;

  @ApiProperty({ type: 'integer' })
  runsFailed!: number;

  @ApiProperty({ type: 'integer' })
  runsCancelled!: number;

  @ApiProperty({ type: 'integer' })
  runsTimedOut!: number;

  @ApiProperty({ type: 'integer', description: 'domain events' })
  events!: number;

  @ApiProperty({ type: 'integer', description: 'deliveries that became due' })
  deliveriesPlanned!: number;

  @ApiProperty({ type: 'integer' })
  deliveriesSucceeded!: number;

  @ApiProperty({ type: 'integer', description: 'deliveries whose last attempt failed' })
  deliveriesFailed!: number;

  @ApiProperty({ type: 'integer' })
  deliveriesDiscarded!: number;

  @ApiProperty({ type: 'integer' })
  attemptsSucceeded!: number;

  @ApiProperty({ type: 'integer', description: 'attempts that failed, whether another follows or not' })
  attemptsFailed!: number;

  @ApiProperty({ type: LatencyStats, description: 'from the start of a run to its end' })
  runMs!: LatencyStats;

  @ApiProperty({ type: LatencyStats, description: 'from the request to the start of its run' })
  queueMs!: LatencyStats;

  @ApiProperty({ type: LatencyStats, description: 'one HTTP attempt' })
  attemptMs!: LatencyStats;

  @ApiProperty({ type: LatencyStats, description: 'from the request to the answer of the endpoint that took it' })
  endToEndMs!: LatencyStats;
}

export class Backlog {
  @ApiProperty({ type: 'integer', description: 'runs that are due and have not ended: queued, running or waiting' })
  runs!: number;

  @ApiProperty({ type: 'integer', description: 'deliveries that have neither succeeded nor ended otherwise' })
  deliveries!: number;
}

export class StatPoint extends StatCounts {
  @ApiProperty({ format: 'date-time', description: 'when the minute or hour begins' })
  at!: string;

  @ApiProperty({ type: Backlog, description: 'at the end of the minute or hour' })
  backlog!: Backlog;
}

export class StatsSubject {
  @ApiProperty({ enum: ['app', 'trigger', 'flow', 'endpoint'] })
  kind!: 'app' | 'trigger' | 'flow' | 'endpoint';

  @ApiProperty({ format: 'uuid' })
  id!: string;
}

export class Stats {
  @ApiProperty({ format: 'uuid' })
  appId!: string;

  @ApiProperty({ type: StatsSubject })
  subject!: StatsSubject;

  @ApiProperty({ format: 'date-time', description: 'when the first point begins' })
  since!: string;

  @ApiProperty({ format: 'date-time', description: 'when the last point ends' })
  until!: string;

  @ApiProperty({ enum: STEPS })
  step!: (typeof STEPS)[number];

  @ApiProperty({ type: StatCounts, description: 'over the whole time' })
  totals!: StatCounts;

  @ApiProperty({ type: Backlog, description: 'now' })
  backlog!: Backlog;

  @ApiProperty({ type: [StatPoint], description: 'oldest first, without gaps' })
  series!: StatPoint[];
}
