export { cronProblem, nextTickMs } from './cron-schedule.ts';
