import type { paths } from '../api/generated/schema.ts';

/** As the API shows it; it has no name of its own in the document. */
export type Delivery = paths['/v1/deliveries/{id}']['get']['responses'][200]['content']['application/json'];
export type Attempt = Delivery['attempts'][number];
export type DeliveryStatus = Delivery['status'];

export const DELIVERY_STATUSES: readonly DeliveryStatus[] = ['pending', 'succeeded', 'failed', 'discarded'];
