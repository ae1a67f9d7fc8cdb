export { type ExpressHandler, receiveExpress } from './express.ts';
export { type FastifyLike, receiveFastify } from './fastify.ts';
export { receiveFetch } from './fetch.ts';
export { type Answer, type Handler, type Received, type ReceiveOptions } from './receiver.ts';
export { type Claimed, MemoryReplayGuard, type ReplayGuard } from './replay-guard.ts';
export {
  type Headers,
  type Scheme,
  VerificationError,
  type VerificationProblem,
  type Verified,
  verify,
  type VerifyOptions,
} from './verify.ts';
