import { errorFactory } from '@sluice/contracts';

export const DISPATCHER_ERRORS = {
  unknown_delivery: { status: 404, title: 'No such delivery', retry: 'never' },
  delivery_pending: { status: 409, title: 'The delivery is under way', retry: 'later' },
  endpoint_gone: { status: 409, title: 'The endpoint cannot be delivered to', retry: 'never' },
  too_many_tests: { status: 503, title: 'Other endpoints are being tested', retry: 'later' },
} as const;

export const dispatcherError = errorFactory(DISPATCHER_ERRORS);
