import { request as httpRequest } from 'node:http';
import { Body, Controller, Delete, Get, Injectable, Module, Param, Post, Query } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { IsInt, IsOptional, IsString, Min, ValidateNested } from 'class-validator';
import { Type } from 'class-transformer';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HealthCheck } from './health.ts';
import { OptionalBody } from './empty-body.ts';
import { createHttpApp, type HttpApp } from './http-app.ts';
import { RawRoutes } from './raw-routes.ts';

class Inner {
  @IsInt()
  count!: number;
}
class Listing {
  @IsOptional()
  @IsString()
  name?: string;
}
class Outer {
  @IsString()
  name!: string;
  @IsOptional()
  @ValidateNested()
  @Type(() => Inner)
  inner?: Inner;
  @IsOptional()
  @IsInt({ message: 'must be a size' })
  @Min(1, { message: 'must be a size' })
  size?: number;
}

@Controller('things')
class ThingsController {
  @Post()
  create(@Body() body: Outer): Outer {
    return body;
  }
  @Post('start')
  @OptionalBody({ schema: {} })
  start(@Body() body: unknown): { body: string } {
    return { body: String(body) };
  }
  @Post('pause')
  pause(): { paused: true } {
    return { paused: true };
  }
  @Delete('by-id/:id')
  drop(@Param('id') id: string): { id: string } {
    return { id };
  }
  @Get()
  list(@Query() query: Listing): Listing {
    return query;
  }
  @Get('by-id/:id')
  byId(@Param('id') id: string): { id: string } {
    return { id };
  }
  @Get('unstorable')
  unstorable(): never {
    throw Object.assign(new Error('invalid byte sequence for encoding "UTF8": 0x00'), { code: '22021' });
  }
  @Get('broken')
  broken(): never {
    throw new Error('secret detail');
  }
}

@Injectable()
@RawRoutes()
class RawThing {
  registerRoutes(app: FastifyInstance): void {
    app.get('/raw', (_request, reply) => reply.send({ raw: true }));
  }
}

@Injectable()
@HealthCheck('thing')
class ThingHealth {
  static ok = true;
  check(): { ok: boolean } {
    return { ok: ThingHealth.ok };
  }
}

@Module({ imports: [DiscoveryModule], controllers: [ThingsController], providers: [RawThing, ThingHealth] })
class ThingsModule {}

let app: HttpApp;
let base: string;
beforeAll(async () => {
  app = await createHttpApp({ module: ThingsModule, logger: false });
  base = `http://127.0.0.1:${await app.listen('127.0.0.1', 0)}`;
});
afterAll(() => app.close());

const post = (body: string, type = 'application/json') =>
  fetch(`${base}/things`, { method: 'POST', headers: { 'content-type': type }, body });

describe('the HTTP application of every service', () => {
  it('names every bad value of a request at once, with JSON pointers, and refuses unknown fields', async () => {
    const answer = await post('{"name": 5, "inner": {"count": "x"}, "nmae": 1}');
    expect(answer.status).toBe(422);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    const problem = (await answer.json()) as { code: string; errors: { pointer: string; message: string }[] };
    expect(problem.code).toBe('invalid_request');
    expect(problem.errors.map((each) => each.pointer).sort()).toEqual(['/inner/count', '/name', '/nmae']);
    const unknown = problem.errors.find(({ pointer }) => pointer === '/nmae');
    expect(unknown?.message).toBe('unknown field "nmae"; did you mean "name"?');
  });

  it.each([
    ['broken JSON', '{"name":', 400, 'malformed_json'],
    ['an empty body', '', 400, 'malformed_json'],
    ['a list where an object is wanted', '[]', 422, 'invalid_request'],
    ['__proto__ keys', '{"__proto__": {"x": 1}}', 400, 'malformed_json'],
    ['140 levels of lists', `{"name": ${'['.repeat(140)}${']'.repeat(140)}}`, 422, 'too_deep'],
    ['a million open brackets', '['.repeat(1_000_000), 422, 'too_deep'],
    ['20,000 keys', `{${Array.from({ length: 20_000 }, (_, index) => `"k${index}":1`).join()}}`, 422, 'too_many_keys'],
    ['a nested key constructor', '{"name": "x", "inner": {"constructor": 4}}', 422, 'invalid_request'],
    ['a body over 1 MiB', JSON.stringify({ name: 'x'.repeat(1_048_577) }), 413, 'body_too_large'],
  ])('answers %s with a problem', async (_name, body, status, code) => {
    const answer = await post(body);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([status, code]);
  });

  it('answers a NUL in an address, a name of 300 characters and a text that PostgreSQL refused as what they are', async () => {
    expect((await fetch(`${base}/things/by-id/a%00b`)).status).toBe(404);
    expect((await fetch(`${base}/things/by-id/${'x'.repeat(300)}`)).status).toBe(404);
    expect((await fetch(`${base}/things?name=a%00b`)).status).toBe(422);
    expect((await fetch(`${base}/things/unstorable`)).status).toBe(422);
  });

  it('refuses text in a body that PostgreSQL cannot hold, and names it', async () => {
    const answer = await post('{"name": "a\\u0000b", "inner": {"count": 1, "note": "\\ud800"}}');
    const { code, errors } = (await answer.json()) as { code: string; errors: { pointer: string }[] };
    expect([answer.status, code]).toEqual([422, 'invalid_request']);
    expect(errors.map(({ pointer }) => pointer)).toEqual(['/name', '/inner/note']);
  });

  it.each([
    ['POST', 'pause', { paused: true }],
    ['POST', 'start', { body: 'undefined' }],
    ['DELETE', 'by-id/a', { id: 'a' }],
  ])('takes a content type without a body for no body, where none is needed: %s %s', async (method, path, said) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${base}/things/${path}`, { method, headers });
    expect([answer.ok, await answer.json()]).toEqual([true, said]);
  });

  it('names a bad value once, by what it is', async () => {
    const answer = await post('{"name": "x", "inner": {"count": "x"}}');
    const { errors } = (await answer.json()) as { errors: object[] };
    expect(errors).toEqual([{ pointer: '/inner/count', message: 'count must be an integer number' }]);
    const twice = await post('{"name": "x", "size": "x"}');
    expect(((await twice.json()) as { errors: object[] }).errors).toEqual([
      { pointer: '/size', message: 'must be a size' },
    ]);
  });

  it('reads a body of blanks as broken JSON also where none is needed', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${base}/things/pause`, { method: 'POST', headers, body: '  ' });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, 'malformed_json']);
  });

  it('refuses text that is no UTF-8', async () => {
    const answer = await fetch(`${base}/things`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, 'malformed_json']);
  });

  it('answers an unknown path, a content type it cannot read and an error nobody foresaw without a stack trace', async () => {
    expect((await fetch(`${base}/nowhere`)).status).toBe(404);
    expect((await post('<a/>', 'application/xml')).status).toBe(415);
    const broken = await fetch(`${base}/things/broken`);
    expect(broken.status).toBe(500);
    const text = await broken.text();
    expect(text).not.toContain('secret detail');
    expect(JSON.parse(text)).toMatchObject({
      code: 'internal_error',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it.each([
    ['/raw/../livez', 400, 'bad_request'],
    ['/things/by-id/%2E%2e', 400, 'bad_request'],
    ['/nowhere/.', 400, 'bad_request'],
    ['/raw#x', 400, 'bad_request'],
    ['http://other.example/raw?x', 200, undefined],
    ['http://other.example', 404, 'not_found'],
  ])('GW-07: the target %s', async (target, status, code) => {
    const [got, text] = await new Promise<[number | undefined, string]>((resolve, reject) => {
      const asked = httpRequest(base, { path: target }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve([response.statusCode, body]));
      });
      asked.on('error', reject).end();
    });
    expect([got, (JSON.parse(text) as { code?: string }).code]).toEqual([status, code]);
  });

  it('serves raw routes, metrics, OpenAPI 3.1 and liveness', async () => {
    expect(await (await fetch(`${base}/raw`)).json()).toEqual({ raw: true });
    expect(await (await fetch(`${base}/metrics`)).text()).toContain('process_cpu_seconds_total');
    const document = (await (await fetch(`${base}/openapi.json`)).json()) as { openapi: string; paths: object };
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths)).toContain('/things');
    expect((await fetch(`${base}/livez`)).status).toBe(200);
  });

  it('RG-01: shows the document as a page that loads and runs nothing', async () => {
    const page = await fetch(`${base}/docs`);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    const text = await page.text();
    expect(text).toContain('/things/by-id/{id}');
    expect(text).not.toMatch(/<script|https?:\/\/(?!www\.apache)/);
  });

  it('RG-01: a route that cannot be rehearsed refuses dryRun instead of doing it in earnest', async () => {
    const answer = await fetch(`${base}/things?dryRun=true`, { method: 'POST' });
    const { errors } = (await answer.json()) as { errors: { pointer: string }[] };
    expect([answer.status, errors[0]?.pointer]).toEqual([422, '/dryRun']);
  });

  it('OP-02: /readyz turns to 503 when a dependency fails and back when it recovers', async () => {
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
    ThingHealth.ok = false;
    expect((await fetch(`${base}/readyz`)).status).toBe(503);
    ThingHealth.ok = true;
    expect((await fetch(`${base}/readyz`)).status).toBe(200);
  });
});
