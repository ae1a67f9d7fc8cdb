/** Of one request. Node takes 1,000 unless told, and answers 431 beyond. */
export const MAX_HEADERS = 2_000;

/** What the edge adds to the headers of a request at most: a service behind it takes so many more. */
export const HEADERS_OF_EDGE = 3;

/** What whoever sends more or larger headers is told. */
export const headersTooLarge = (maxBytes: number): string =>
  `a request may have at most ${maxBytes} bytes of headers, with its first line, and at most ${MAX_HEADERS} headers`;
