import { errorFactory } from '@sluice/contracts';

/** Why a credential cannot be judged now: a sender would give up for good on a 401. */
export const TRIGGER_CREDENTIAL_ERRORS = {
  keys_unavailable: { status: 503, title: 'The keys of the trigger cannot be fetched', retry: 'later' },
  secret_unreadable: { status: 503, title: 'A secret of the trigger cannot be read', retry: 'later' },
} as const;

export const triggerCredentialError = errorFactory(TRIGGER_CREDENTIAL_ERRORS);
