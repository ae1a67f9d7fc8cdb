import { Injectable } from '@nestjs/common';
import { TemplateCache } from '@sluice/templates';
import type { Admission, AdmissionCheck } from '../accept/admission.ts';
import { credentialHeadersOf } from '@sluice/trigger-credentials';
import { eventHeaders } from '../inbound/event-headers.rules.ts';
import { keyOfTemplate, orderingKeyOf } from './ordering-key.rules.ts';

/** GW-10: says with which others a request stands in line. */
@Injectable()
export class Ordering implements AdmissionCheck {
  readonly #templates = new TemplateCache();

  /** @throws AppError `invalid_ordering_key` */
  check(admission: Admission): void {
    const { ordering, appId } = admission.route.trigger;
    if (ordering === null) return;
    const key = this.#keyOf(admission, ordering);
    if (key !== null) {
      admission.more = { ...admission.more, orderingKey: orderingKeyOf(appId, admission.mode, key) };
    }
  }

  #keyOf(admission: Admission, ordering: string): string | null {
    const { route, request, query, value } = admission;
    if (ordering === 'app') return 'app';
    if (ordering === 'trigger') return `trigger/${route.trigger.triggerId}`;
    const headers = eventHeaders(request.headers, credentialHeadersOf(route.trigger.auth));
    const context = { body: value, query, headers, method: request.method as string };
    const key = keyOfTemplate(this.#templates.get(ordering), context);
    return key === null ? null : `key/${key}`;
  }
}
