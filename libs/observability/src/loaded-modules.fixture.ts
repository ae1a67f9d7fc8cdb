import { registerHooks } from 'node:module';

/** Imported before the preload: prints the URL of every module that a process loads, CommonJS too, when it ends. */
const urls: string[] = [];
registerHooks({
  load(url, context, next) {
    urls.push(url);
    return next(url, context);
  },
});
process.once('exit', () => process.stdout.write(JSON.stringify(urls)));
