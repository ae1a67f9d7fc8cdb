export { CONSOLE_PATH, ConsoleSite, type SiteAnswer, type SiteRequest } from './console-site.ts';
export { SITE_HEADERS } from './site-headers.ts';
