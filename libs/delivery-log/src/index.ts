export { deliveryLogService } from './delivery-log.service.ts';
export type { TimelineNode } from './timeline/timeline-node.ts';
