export { ClientAddress } from '@sluice/platform';
