import { errorFactory } from '@sluice/contracts';

export const EDGE_ERRORS = {
  upstream_unavailable: { status: 503, title: 'The service behind this address is unavailable', retry: 'later' },
  bad_gateway: { status: 502, title: 'The service behind this address answered wrongly', retry: 'later' },
  gateway_timeout: { status: 504, title: 'The service behind this address did not answer in time', retry: 'later' },
} as const;

export const edgeError = errorFactory(EDGE_ERRORS);
