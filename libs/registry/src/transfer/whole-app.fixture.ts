const STEPS = [
  { ref: 'order', type: 'webhook' },
  { ref: 'told', type: 'emit', event: 'order.placed', data: '{{ order }}' },
];

const flow = (name: string, more: object = {}) => ({ name, status: 'active', steps: STEPS, ...more });
const trigger = (name: string, more: object = {}) => ({ name, flow: 'Runs', ...more });

/** An app with something of every kind and every setting that an import takes; secrets contain `hidden`. */
export const WHOLE_APP = {
  sluice: 1,
  eventTypes: [
    { name: 'order.placed', description: 'somebody bought', schema: { type: 'object' }, validate: true },
    { name: 'order/paid~x', description: '', validate: false },
  ],
  flows: [
    flow('Empty', { status: 'paused' }),
    flow('Idle', { status: 'draft', externalKey: 'flows/idle' }),
    flow('Paused', { status: 'paused', draft: { steps: STEPS.slice(0, 1) } }),
    flow('Per flow', { strict: true }),
    flow('Runs', {
      externalKey: 'flows/runs',
      listener: 'runs',
      inputs: { n: { type: 'integer', required: true } },
      response: { mode: 'async', status: '202', body: '{"ok": true}' },
      concurrency: { limit: 3, whenFull: 'queue' },
      priority: 7,
      schedules: [{ cron: '0 6 * * 1-5', timeZone: 'Europe/Berlin', input: { n: 1 } }],
      draft: { steps: STEPS, response: { mode: 'sync' } },
    }),
  ],
  triggers: [
    trigger('Basic', { auth: { type: 'basic', user: 'ada', password: 'hidden-password' } }),
    trigger('Bearer', { auth: { type: 'bearer' }, enabled: false, methods: ['GET', 'POST'], props: { a: [1, null] } }),
    {
      name: 'Front',
      auth: { type: 'bearer' },
      forwardTo: { endpoints: ['Everything', 'Bare'], headers: ['x-github-event'] },
    },
    trigger('Header', { auth: { type: 'header', name: 'X-Key' }, ordering: '{{ body.customer }}' }),
    trigger('Jwt', {
      auth: {
        type: 'jwt',
        algorithms: ['RS256'],
        jwksUrl: 'https://login.example/keys',
        issuer: 'https://login.example',
        audience: 'sluice',
      },
    }),
    trigger('Listener', { profile: 'listener', ordering: 'none' }),
    trigger('None', { auth: { type: 'none' }, allowedIps: ['10.0.0.0/8', '2001:db8::/32'], cors: { origins: ['*'] } }),
    trigger('Of a flow', { profile: 'flow', flow: 'Per flow' }),
    trigger('Run', { profile: 'run', idempotency: '{{ body.id }}' }),
    trigger('Signed', {
      externalKey: 'triggers/signed',
      auth: {
        type: 'hmac',
        header: 'x-sig',
        algorithm: 'sha512',
        encoding: 'base64',
        timestampHeader: 'x-at',
        toleranceSeconds: 60,
        secret: 'hidden-key',
      },
      rateLimit: { requests: 5, windowSeconds: 60 },
      handshake: { type: 'slack' },
    }),
    { name: 'runs', listener: 'runs', profile: 'listener', props: { who: 1 } },
    { name: 'runs', listener: 'runs', listenerField: 'listener', profile: 'listener', props: { who: 2 } },
  ],
  crons: [
    { listener: 'runs', cron: '*/5 * * * *', timeZone: 'UTC' },
    { listener: 'runs', cron: '@daily', timeZone: 'America/New_York', props: { deep: [{ b: 1, a: 2 }] } },
  ],
  endpoints: [
    { kind: 'event', name: 'Bare', events: ['*'], url: 'https://shop.example/bare' },
    {
      kind: 'event',
      name: 'Everything',
      description: 'two\nlines',
      externalKey: 'endpoints/everything',
      events: ['order.*', 'Flow.Executed'],
      url: 'https://shop.example/hook',
      method: 'GET',
      contentType: 'application/x-www-form-urlencoded',
      includeEntity: false,
      enabled: false,
      headers: [
        { key: 'X-One', value: 'hidden-one' },
        { key: 'X-Two', value: 'hidden-two' },
      ],
      secret: 'hidden-secret',
      basicUser: 'ada',
      basicPass: 'hidden-pass',
      format: 'standard',
      retry: { schedule: ['PT0S', 'PT1M'] },
      rateLimit: 7,
      concurrency: 3,
      filter: '{{ event.data.total > 100 }}',
      transform: '{"id": {{ event.data.id | tojson }}}',
      ordering: '{{ event.data.customer }}',
    },
    {
      kind: 'inline',
      name: 'Guard',
      hookType: 'REQUEST_VALIDATION',
      url: 'https://shop.example/guard',
      secret: 'hidden-inline',
    },
  ],
  secrets: ['shop_key'],
};
