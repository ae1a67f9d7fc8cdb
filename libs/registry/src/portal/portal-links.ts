import { Injectable } from '@nestjs/common';
import { AccessControl, type AppScope, grantAccess, hashToken, PortalTokens, revokeAccess } from '@sluice/access';
import {
  type EndpointState,
  isUuid,
  newId,
  parseDurationMs,
  PORTAL_PERMISSIONS,
  type PortalLinkState,
} from '@sluice/contracts';
import type { Alongside, AlongsideStatement } from '@sluice/event-store';
import { InjectPool, InjectSettings, platformError, type Settings } from '@sluice/platform';
import type { Pool } from 'pg';
import { type Actor, ChangeLog } from '../changes/change-log.ts';
import { Endpoints } from '../endpoints/endpoints.ts';
import { EndpointQueries } from '../endpoints/endpoints.query.ts';
import { validated } from '../requests/validated.ts';
import { CreatePortalLink, MAX_ENDPOINTS } from './portal-link.requests.ts';
import { DEFAULT_LIFE, portalLinkProblems } from './portal-link.rules.ts';

const UPSERT: AlongsideStatement = {
  name: 'registry_portal_link',
  columns: ['uuid', 'uuid', 'text', 'timestamptz', 'bool'],
  sql: (arrays) => `insert into registry.portal_links (id, app_id, state, expires_at, revoked)
    select * from unnest(${arrays.join(', ')})
    on conflict (id) do update set revoked = excluded.revoked`,
};

function rowOf(link: PortalLinkState, revoked: boolean): Alongside {
  return { statement: UPSERT, rows: [[link.id, link.appId, JSON.stringify(link), link.expiresAt, revoked]] };
}

/**
 * Links of the customer portal. Each is a credential of its own kind (libs/access), known to every guard: it reaches its
 * endpoints by the routes that let portal links in, until its end or until it is revoked.
 */
@Injectable()
export class PortalLinks {
  private readonly tokens: PortalTokens;

  constructor(
    @InjectPool('registry') private readonly pool: Pool,
    private readonly changes: ChangeLog,
    private readonly endpoints: Endpoints,
    private readonly queries: EndpointQueries,
    private readonly access: AccessControl,
    @InjectSettings() private readonly settings: Settings,
  ) {
    this.tokens = new PortalTokens(settings.encryptionKeys);
  }

  /**
   * For a customer it reaches the endpoints that are the customer's now.
   * @throws AppError `invalid_request` also for an endpoint that is not there, or is called by flows.
   */
  async create(body: unknown, app: AppScope, actor: Actor): Promise<{ link: PortalLinkState; url: string }> {
    const request = await validated(CreatePortalLink, body, portalLinkProblems);
    const endpoints = await this.named(request, app);
    const now = Date.now();
    const permissions = new Set(['view', ...request.permissions]);
    const link: PortalLinkState = {
      id: newId(),
      appId: app.id,
      endpoints: endpoints.map(({ id, uuid }) => ({ id, uuid })),
      permissions: PORTAL_PERMISSIONS.filter((each) => permissions.has(each)),
      customer: request.customer ?? null,
      embedIn: [...new Set(request.embedIn ?? [])],
      ...(request.events ? { events: request.events } : {}),
      expiresAt: new Date(now + (parseDurationMs(request.expiresIn ?? DEFAULT_LIFE) ?? 0)).toISOString(),
      createdAt: new Date(now).toISOString(),
    };
    const token = this.tokens.sign(link);
    const grant = grantAccess([
      {
        tokenId: link.id,
        sha256: hashToken(token),
        kind: 'portal',
        appId: link.appId,
        userId: null,
        triggerId: null,
        scopes: [],
        expiresAt: link.expiresAt,
        portal: { endpoints: link.endpoints, permissions: link.permissions },
      },
    ]);
    await this.commit('PortalLinkCreated', link, 0, actor, [rowOf(link, false), grant]);
    await this.access.refresh();
    // Behind the #, where browsers send it to nobody: no log and no Referer has it.
    return { link, url: `${this.settings.publicUrl}/portal/${link.id}#${token}` };
  }

  /** Links that still work, the newest first. */
  async page(appId: string, cursor: string | undefined, limit: number): Promise<PortalLinkState[]> {
    const { rows } = await this.pool.query<{ state: string }>(
      `select state from registry.portal_links where app_id = $1 and not revoked and expires_at > now()
         and ($2::uuid is null or id < $2) order by id desc limit $3`,
      [appId, cursor ?? null, limit],
    );
    return rows.map(({ state }) => JSON.parse(state) as PortalLinkState);
  }

  /** Null when there is none that works. */
  async find(id: string): Promise<PortalLinkState | null> {
    if (!isUuid(id)) return null;
    const { rows } = await this.pool.query<{ state: string }>(
      'select state from registry.portal_links where id = $1 and not revoked and expires_at > now()',
      [id],
    );
    return rows[0] ? (JSON.parse(rows[0].state) as PortalLinkState) : null;
  }

  /** Works nowhere any more when it resolves, unless it says that this is still propagating. @throws AppError 404 */
  revoke(id: string, app: AppScope, actor: Actor): Promise<{ propagating: boolean }> {
    return this.changes.deciding(undefined, async () => {
      const link = await this.find(id);
      if (!link || !app.sees(link.appId)) throw platformError('not_found', 'there is no such portal link');
      await this.commit('PortalLinkRevoked', link, 1, actor, [rowOf(link, true), revokeAccess([link.id])]);
      return { propagating: await this.changes.isAccessPropagating() };
    });
  }

  private async named(request: CreatePortalLink, app: AppScope): Promise<EndpointState[]> {
    if (request.customer) {
      const found = await this.queries.ofCustomer(app.id, request.customer, MAX_ENDPOINTS);
      if (found.length === 0) throw invalid('/customer', 'has no endpoint');
      if (found.length > MAX_ENDPOINTS) throw invalid('/customer', `has more than ${MAX_ENDPOINTS} endpoints`);
      return found;
    }
    const found = new Map<string, EndpointState>();
    for (const [index, id] of (request.endpointIds ?? []).entries()) {
      const endpoint = await this.endpoints.get(String(id), app).catch(() => null);
      const fits = endpoint !== null && endpoint.state.appId === app.id && endpoint.state.kind === 'event';
      if (!fits) throw invalid(`/endpointIds/${index}`, 'is not an event endpoint of the app');
      found.set(endpoint.state.uuid, endpoint.state);
    }
    return [...found.values()];
  }

  private async commit(
    type: 'PortalLinkCreated' | 'PortalLinkRevoked',
    link: PortalLinkState,
    expectedVersion: number,
    actor: Actor,
    alongside: Alongside[],
  ): Promise<void> {
    const events = [{ type, data: { link } }] as const;
    await this.changes.commit({ streamId: link.id, expectedVersion, appId: link.appId, actor, events, alongside });
  }
}

function invalid(pointer: string, message: string): Error {
  return platformError('invalid_request', `${pointer.slice(1)} ${message}`, { errors: [{ pointer, message }] });
}
