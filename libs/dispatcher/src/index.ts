export { dispatcherService } from './dispatcher.service.ts';
