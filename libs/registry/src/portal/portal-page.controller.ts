import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '@sluice/access';
import type { Reply } from '../requests/reply.ts';
import { PortalLinks } from './portal-links.ts';

const HEAD = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Webhooks</title>`;

/** Both files are built with the console (apps/console/src/portal), from where they are served. */
const PAGE = `${HEAD}
<link rel="stylesheet" href="/console/portal.css">
</head>
<body>
<div id="portal"></div>
<noscript>This page needs JavaScript.</noscript>
<script type="module" src="/console/portal.js"></script>
</body>
</html>
`;

const ENDED = `${HEAD}
</head>
<body>
<h1>This link has ended</h1>
<p>Ask for a new one where you got it.</p>
</body>
</html>
`;

/** Only our own files run or style, and only pages of the link's origins may frame it. */
const headersFor = (embedIn: readonly string[]): Record<string, string> => ({
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${embedIn.length > 0 ? embedIn.join(' ') : "'none'"}`,
  ].join('; '),
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
});

/**
 * The page of a portal link. It says nothing of the link but whether it works: the credential is behind the `#` of the address,
 * which no browser sends.
 */
@ApiExcludeController()
@Controller('portal')
export class PortalPageController {
  constructor(private readonly links: PortalLinks) {}

  @Get(':id')
  @Public()
  async page(@Param('id') id: string, @Res({ passthrough: true }) reply: Reply): Promise<string> {
    const link = await this.links.find(id);
    for (const [name, value] of Object.entries(headersFor(link?.embedIn ?? []))) reply.header(name, value);
    if (!link) reply.code(404);
    return link ? PAGE : ENDED;
  }
}
