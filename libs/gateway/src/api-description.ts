import { Injectable } from '@nestjs/common';
import { type DescribedPaths, type Operation, RawRoutes, type RawRoutesProvider } from '@sluice/platform';

const ANY = { description: 'any JSON' };
const BODIES = {
  'application/json': { schema: ANY, example: { hello: 'world' } },
  'application/x-www-form-urlencoded': { schema: { type: 'object' } },
  'application/xml': { schema: { type: 'string' } },
  'multipart/form-data': { schema: { type: 'object' } },
};
const { 'multipart/form-data': _files, ...BODIES_OF_LINKS } = BODIES;
const ACCEPTED = {
  type: 'object',
  required: ['id', 'status'],
  properties: {
    id: { type: 'string', format: 'uuid', description: 'of the run' },
    status: { enum: ['accepted', 'previously_accepted', 'captured'] },
  },
};
const AS_THE_FLOW_SAYS = { description: 'a synchronous answer: status, headers and body as the flow says' };
const CREDENTIAL = 'The credential is what the trigger asks for; see docs/authentication.md.';

const inPath = (name: string, description: string) =>
  ({ name, in: 'path', required: true, description, schema: { type: 'string' } }) as const;

function trigger(operationId: string, summary: string, more: Partial<Operation>): Operation {
  return { operationId, tags: ['triggers: in'], summary, description: CREDENTIAL, ...more };
}

/** Of a compatibility profile: errors, too, are worded as that vendor's clients know them. */
function vendor(operationId: string, summary: string, more: Partial<Operation>): Operation {
  const responses = {
    ...more.responses,
    default: more.responses?.default ?? { description: "as the vendor's clients know it" },
  };
  return { ...trigger(operationId, summary, more), responses, 'x-vendor': true };
}

function native(method: string): Operation {
  const hasBody = method !== 'get' && method !== 'delete';
  return trigger(`trigger${method.replace(/^./, (letter) => letter.toUpperCase())}`, 'Fires a trigger', {
    parameters: [
      inPath('id', 'of the trigger'),
      {
        name: 'mode',
        in: 'query',
        schema: { enum: ['live', 'draft'] },
        description: 'draft: needs a token that may edit',
      },
      { name: 'Idempotency-Key', in: 'header', schema: { type: 'string', maxLength: 255 } },
    ],
    ...(hasBody ? { requestBody: { content: BODIES } } : {}),
    responses: {
      202: { description: 'stored; the run follows', content: { 'application/json': { schema: ACCEPTED } } },
      default: AS_THE_FLOW_SAYS,
    },
  });
}

const CLOUD_EVENT = {
  type: 'object',
  required: ['specversion', 'id', 'source', 'type'],
  properties: {
    specversion: { const: '1.0' },
    id: { type: 'string', minLength: 1 },
    source: { type: 'string', minLength: 1 },
    type: { type: 'string', minLength: 1 },
    subject: { type: 'string' },
    time: { type: 'string', format: 'date-time' },
    data: ANY,
  },
};

const PUBLISHED = {
  type: 'object',
  required: ['accepted', 'duplicates'],
  properties: { accepted: { type: 'integer' }, duplicates: { type: 'integer' } },
};

const RUN_PATH = [inPath('trigger', 'id of the trigger'), inPath('run', 'id of the run')];

/** The gateway's routes, which Nest does not know, as the OpenAPI document tells them. */
const PATHS: DescribedPaths = {
  '/t/{id}': Object.fromEntries(['post', 'put', 'patch', 'get', 'delete'].map((method) => [method, native(method)])),
  '/api/webhooks/{trigger}/runs': {
    post: vendor('runProfileStart', 'Starts a run (profile run)', {
      parameters: [inPath('trigger', 'id of the trigger')],
      requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
      responses: {
        201: { description: 'the run, as a resource', content: { 'application/json': {} } },
        default: AS_THE_FLOW_SAYS,
      },
    }),
  },
  '/api/webhooks/{trigger}/runs/{run}': {
    get: vendor('runProfileRead', 'Reads a run (profile run)', {
      parameters: RUN_PATH,
      responses: { 200: { description: 'the run', content: { 'application/json': {} } } },
    }),
  },
  '/api/webhooks/{trigger}/runs/{run}/cancel': {
    post: vendor('runProfileCancel', 'Cancels a run (profile run)', {
      parameters: RUN_PATH,
      responses: { 200: { description: 'the run', content: { 'application/json': {} } }, default: AS_THE_FLOW_SAYS },
    }),
  },
  '/apps/{app}/webhooks/{webhook}': {
    post: vendor('listenerProfile', 'Calls a listener (profile listener)', {
      parameters: [inPath('app', 'id of the app'), inPath('webhook', 'id of the trigger')],
      requestBody: { content: BODIES },
      responses: {
        200: { description: 'the listener has run', content: { 'application/json': {} } },
        default: AS_THE_FLOW_SAYS,
      },
    }),
  },
  '/v1/flow-webhook/{flow}': {
    post: vendor('flowProfile', 'Fires the trigger of a flow (profile flow)', {
      parameters: [inPath('flow', 'id of the flow')],
      requestBody: { content: BODIES },
      responses: {
        200: { description: 'accepted, or what the flow answers', content: { 'application/json': {} } },
        default: AS_THE_FLOW_SAYS,
      },
    }),
  },
  '/resume/{link}': {
    get: {
      operationId: 'showApproval',
      tags: ['runs'],
      summary: 'The page of an approval',
      description: 'Shows what is to be decided, with buttons. Looking at it decides nothing.',
      parameters: [inPath('link', 'signed; from `callbacks.<ref>` of the flow')],
      responses: { 200: { description: 'the page', content: { 'text/html': { schema: { type: 'string' } } } } },
    },
    post: {
      operationId: 'resumeRun',
      tags: ['runs'],
      summary: 'Gives a waiting step its answer',
      description:
        'The body becomes the output of a `wait_for_callback` step; an `approval` takes `decision` (`approve` or `reject`) and ' +
        '`comment`, as JSON or as a form. The first answer counts; the same body again is `previously_accepted`.',
      parameters: [inPath('link', 'signed; from `callbacks.<ref>` of the flow')],
      requestBody: { content: BODIES_OF_LINKS },
      responses: {
        200: {
          description: 'the page that says so, for a browser',
          content: { 'text/html': { schema: { type: 'string' } } },
        },
        202: { description: 'stored; the run goes on', content: { 'application/json': { schema: ACCEPTED } } },
      },
    },
  },
  '/v1/events': {
    post: {
      operationId: 'publishEvents',
      tags: ['events'],
      summary: 'Publishes events (CloudEvents 1.0)',
      description:
        'Structured, batched (at most 1,000), or binary with `ce-` headers. Each source and id is taken once.',
      security: [{ bearer: [] }],
      requestBody: {
        required: true,
        content: {
          'application/cloudevents+json': {
            schema: CLOUD_EVENT,
            example: { specversion: '1.0', id: 'e-1', source: '/shop', type: 'order.placed', data: { id: 7 } },
          },
          'application/cloudevents-batch+json': { schema: { type: 'array', items: CLOUD_EVENT, maxItems: 1000 } },
        },
      },
      responses: { 202: { description: 'stored', content: { 'application/json': { schema: PUBLISHED } } } },
    },
    options: {
      operationId: 'publishEventsHandshake',
      tags: ['events'],
      summary: 'The handshake of CloudEvents webhooks',
      parameters: [{ name: 'WebHook-Request-Origin', in: 'header', schema: { type: 'string' } }],
      responses: { 200: { description: 'allowed' }, 204: { description: 'allowed' } },
    },
  },
};

/** Registers nothing: the profiles do; tells what they answer. */
@Injectable()
@RawRoutes()
export class ApiDescription implements RawRoutesProvider {
  registerRoutes(): void {
    // The routes are those of the profiles.
  }

  describeRoutes(): DescribedPaths {
    return PATHS;
  }
}
