/** Headers as Node's parser gives them: lower-case names, repeated ones joined (only Set-Cookie stays a list). */
export interface RequestHeaders {
  readonly [name: string]: string | string[] | undefined;
  readonly 'content-type'?: string | undefined;
}
