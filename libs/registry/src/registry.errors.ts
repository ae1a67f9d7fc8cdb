import { errorFactory } from '@sluice/contracts';

/** Codes of the registry besides those of the platform; listed in docs/errors.md. */
export const REGISTRY_ERRORS = {
  name_taken: { status: 409, title: 'The name is taken', retry: 'never' },
  listener_taken: { status: 409, title: 'Another flow of the app has this listener name', retry: 'never' },
  external_key_taken: { status: 409, title: 'Another one of the app has this external key', retry: 'never' },
  flow_in_use: { status: 409, title: 'Triggers still start this flow', retry: 'never' },
  flow_has_trigger: { status: 409, title: 'The flow has a trigger of this profile', retry: 'never' },
  email_taken: { status: 409, title: 'Another user has this e-mail address', retry: 'never' },
  last_administrator: { status: 409, title: 'Somebody has to stay administrator', retry: 'never' },
  token_of_operator: { status: 409, title: 'The token was given by the operator', retry: 'never' },
  too_many_tokens: { status: 409, title: 'The trigger has two live tokens', retry: 'never' },
  auth_without_token: { status: 409, title: 'The trigger asks for no token', retry: 'never' },
  too_many_secrets: { status: 409, title: 'There are enough live secrets', retry: 'never' },
  auth_without_secret: { status: 409, title: 'The trigger has no secret', retry: 'never' },
  token_shown_once: { status: 409, title: 'The token was shown when it was made, and never again', retry: 'never' },
  token_unreadable: { status: 500, title: 'The token cannot be opened', retry: 'never' },
  built_in: { status: 409, title: 'It is a part of Sluice', retry: 'never' },
  invalid_listener: { status: 400, title: 'There is no such listener', retry: 'never' },
  invalid_schedule: { status: 400, title: 'It is not a schedule', retry: 'never' },
  null_parameters: { status: 400, title: 'A parameter is missing', retry: 'never' },
  ambiguous_name: { status: 409, title: 'Two things have the same name', retry: 'never' },
  prune_protected: { status: 409, title: 'The import would delete too much', retry: 'never' },
  malformed_yaml: { status: 400, title: 'The document is not readable YAML', retry: 'never' },
  too_many_imports: { status: 503, title: 'Other documents are being read', retry: 'later' },
  changed_meanwhile: { status: 409, title: 'It was changed at the same time', retry: 'later' },
} as const;

export const registryError = errorFactory(REGISTRY_ERRORS);
