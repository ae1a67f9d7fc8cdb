/** Where the next page is found. */
export type PageKind = 'link' | 'url' | 'cursor' | 'page';

/** One page as the templates of `paginate` see it, under the name `page`. */
export interface AnsweredPage {
  number: number;
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

export interface PageRule {
  by: PageKind;
  /** Query parameter that holds the cursor or the number. */
  param: string;
  /** Number of the first page. */
  start: number;
  maxPages: number;
  /** The address or cursor of the next page, by the answer to this one; nothing ends it. */
  next(page: AnsweredPage): unknown;
  /** What is kept of a page. */
  collect(page: AnsweredPage): unknown;
}

export type AnswerKind = 'auto' | 'json' | 'text' | 'file';

/** What the effect sends; holds secrets in clear, so it is never recorded. */
export interface HttpRequest {
  method: string;
  url: string;
  headers: [string, string][];
  body: string | null;
  /** A payload that is sent in place of `body`. */
  filePayloadId: string | null;
  /** Their values must not come back into the run's record by way of an answer that echoes them. */
  secrets: readonly string[];
  answer: AnswerKind;
  /** Statuses (`404`) and classes of them (`2xx`) that the flow is made for; null takes all. */
  expect: readonly string[] | null;
  /** Redirects that are followed. */
  redirects: number;
  pages: PageRule | null;
}
