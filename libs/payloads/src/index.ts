export { MAX_PAYLOAD_BYTES, PAYLOAD_GONE, PayloadError, Payloads, payloadTablesSql } from './payloads.ts';
