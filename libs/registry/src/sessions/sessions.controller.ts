import { Body, Controller, Delete, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiCreatedResponse,
  ApiExtraModels,
  ApiForbiddenResponse,
  ApiOkResponse,
  ApiTags,
  ApiUnauthorizedResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { Caller, isForeign, type Principal, Public, Requires, sessionCookie } from '@sluice/access';
import { ClientAddress, InjectSettings, platformError, type Settings } from '@sluice/platform';
import { answerDeleted } from '../changes/changed.ts';
import type { Reply } from '../requests/reply.ts';
import { NewSessionView, SessionView, SignIn, SignInByToken } from './session.requests.ts';
import { type Session, Sessions } from './sessions.ts';

interface Request {
  headers: Record<string, string | string[] | undefined>;
  socket: { remoteAddress?: string };
}

@ApiTags('sessions')
@Controller('v1/sessions')
export class SessionsController {
  private readonly clients: ClientAddress;
  private readonly isSecure: boolean;

  constructor(
    private readonly sessions: Sessions,
    @InjectSettings() settings: Settings,
  ) {
    this.clients = new ClientAddress(settings.trustedProxies);
    this.isSecure = settings.publicUrl.startsWith('https://');
  }

  /** Signs in: a cookie for browsers, a token for programs. */
  @Post()
  @HttpCode(201)
  @Public()
  @ApiExtraModels(SignIn, SignInByToken)
  @ApiBody({ schema: { oneOf: [{ $ref: getSchemaPath(SignIn) }, { $ref: getSchemaPath(SignInByToken) }] } })
  @ApiCreatedResponse({ type: NewSessionView })
  @ApiUnauthorizedResponse({ description: 'the address, the password or the token is wrong, or the user is disabled' })
  @ApiForbiddenResponse({ description: 'another site sent the request, or the token may not sign in' })
  async create(
    @Body() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<NewSessionView> {
    // Otherwise another site could sign its visitor in here as somebody else, who then reads what they enter.
    if (isForeign(request.headers)) throw platformError('forbidden', 'another site cannot sign anybody in here');
    const address = this.clients.of(request.socket.remoteAddress, request.headers['x-forwarded-for']);
    const userAgent = request.headers['user-agent'];
    const session = await this.sessions.signIn(body, {
      address,
      userAgent: typeof userAgent === 'string' ? userAgent : '',
    });
    const seconds = Math.floor((Date.parse(session.expiresAt) - Date.now()) / 1000);
    reply.header('set-cookie', sessionCookie(session.token, seconds, this.isSecure));
    reply.header('cache-control', 'no-store');
    reply.header('location', '/v1/sessions/current');
    return { ...viewOf(session), token: session.token };
  }

  @Get('current')
  @Requires('admin', { role: 'viewer' })
  @ApiBearerAuth()
  @ApiOkResponse({ type: SessionView })
  async current(@Caller() caller: Principal, @Res({ passthrough: true }) reply: Reply): Promise<SessionView> {
    reply.header('cache-control', 'no-store');
    return viewOf(await this.sessions.current(caller));
  }

  /** Signs out. */
  @Delete('current')
  @Requires('admin', { role: 'viewer' })
  @ApiBearerAuth()
  async end(@Caller() caller: Principal, @Res({ passthrough: true }) reply: Reply): Promise<unknown> {
    const ended = await this.sessions.end(caller);
    reply.header('set-cookie', sessionCookie('', 0, this.isSecure));
    return answerDeleted(reply, ended);
  }
}

function viewOf({ id, user, expiresAt, idleExpiresAt }: Session): SessionView {
  return { id, user: user.state, expiresAt, idleExpiresAt };
}
