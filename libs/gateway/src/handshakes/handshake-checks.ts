import type { ServerResponse } from 'node:http';
import { metrics } from '@sluice/platform';
import type { Admission, AdmissionCheck, EarlyAnswer } from '../accept/admission.ts';
import { gatewayError } from '../gateway.errors.ts';
import type { TriggerRoute } from '../routing/route.ts';
import {
  answersHandshake,
  type HandshakeKind,
  isVerifyToken,
  metaChallenge,
  microsoftToken,
  slackChallenge,
  webhookPermission,
} from './handshake.rules.ts';

const answered = metrics.counter('sluice_gateway_handshakes_total', "Providers' questions answered without a run", [
  'kind',
]);

/**
 * GW-12: questions that come without a credential, because the provider sends none with them: CloudEvents `OPTIONS`,
 * Meta's verify token, Microsoft's validation token. They come before the method is checked, as a trigger for POST is
 * asked by OPTIONS or GET.
 */
export const OPEN_HANDSHAKES: AdmissionCheck = {
  check({ route, request, query, body }: Admission): EarlyAnswer | undefined {
    const { trigger } = route;
    const { method } = request;
    if (method === 'OPTIONS' && answersHandshake(trigger, 'cloudevents')) {
      const permission = webhookPermission(request.headers, perMinuteOf(trigger));
      if (permission !== null) return permissionAnswer(trigger, permission);
    }
    if (method === 'GET' && query['hub.challenge'] !== undefined && answersHandshake(trigger, 'meta')) {
      const challenge = metaChallenge(query, (token) => isVerifyToken(trigger, token));
      if (challenge === 'wrong' && trigger.handshake !== null) {
        throw gatewayError('forbidden', 'The verify token of this trigger is another.');
      }
      // Without a setting it may be a request that happens to look alike: its own credential decides.
      if (challenge !== null && challenge !== 'wrong') return echoAnswer('meta', challenge.echo);
    }
    // Looked at first because hardly any request has it.
    if (query.validationToken === undefined || !answersHandshake(trigger, 'microsoft-graph')) return;
    const token = microsoftToken(method as string, query, body);
    return token === null ? undefined : echoAnswer('microsoft-graph', token);
  },
};

/** GW-12: Slack signs its question like everything else, so it is answered once the signature is found right. */
export const SIGNED_HANDSHAKES: AdmissionCheck = {
  check({ route, request, body, mode }: Admission): EarlyAnswer | undefined {
    if (mode !== 'live' || !answersHandshake(route.trigger, 'slack')) return;
    const challenge = slackChallenge(request.headers['content-type'], body);
    return challenge === null ? undefined : echoAnswer('slack', challenge);
  },
};

/** Plain text that no browser takes for anything else. */
function echoAnswer(kind: HandshakeKind, text: string): EarlyAnswer {
  return (response: ServerResponse) => {
    answered.inc({ kind });
    const body = Buffer.from(text);
    response.writeHead(200, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(body.length),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    response.end(body);
  };
}

function permissionAnswer(trigger: TriggerRoute, permission: Record<string, string>): EarlyAnswer {
  return (response: ServerResponse) => {
    answered.inc({ kind: 'cloudevents' });
    response.writeHead(200, { allow: `${trigger.methods.join(', ')}, OPTIONS`, ...permission, 'content-length': '0' });
    response.end();
  };
}

/** The trigger's own limit as the specification counts: deliveries a minute. */
function perMinuteOf({ rateLimit }: TriggerRoute): number | null {
  return rateLimit === null ? null : Math.max(1, Math.floor((rateLimit.limit * 60_000) / rateLimit.windowMs));
}
