import { RadioCards, SelectField, TextField } from '../design/field.tsx';
import { AUTHS, isSigned, PROFILES, type TriggerDraft } from './trigger-draft.rules.ts';

interface FieldsProps {
  draft: TriggerDraft;
  onChange: (change: Partial<TriggerDraft>) => void;
}

function AuthFields({ draft, onChange }: FieldsProps) {
  const secretHint = 'Given by the sender; left empty, one is made and shown once.';
  return (
    <>
      {draft.auth === 'header' ? (
        <TextField
          label="Header"
          isCode
          pointer="/auth/name"
          placeholder="X-Sluice-Webhook-Token"
          value={draft.authHeader}
          onChange={(authHeader) => onChange({ authHeader })}
        />
      ) : null}
      {draft.auth === 'basic' ? (
        <TextField
          label="User"
          pointer="/auth/user"
          value={draft.authUser}
          onChange={(authUser) => onChange({ authUser })}
        />
      ) : null}
      {draft.auth === 'basic' || isSigned(draft.auth) ? (
        <TextField
          label={draft.auth === 'basic' ? 'Password' : 'Signing secret'}
          type="password"
          isOptional
          isCode
          hint={secretHint}
          pointer={draft.auth === 'basic' ? '/auth/password' : '/auth/secret'}
          value={draft.authSecret}
          onChange={(authSecret) => onChange({ authSecret })}
        />
      ) : null}
      {draft.auth === 'other' ? (
        <TextField
          label="Authentication as JSON"
          isCode
          rows={6}
          hint='Such as {"type": "jwt", "jwksUrl": "https://…", "algorithms": ["RS256"]} or {"type": "hmac", "header": "x-sig", "algorithm": "sha256"}'
          value={draft.authJson}
          onChange={(authJson) => onChange({ authJson })}
        />
      ) : null}
    </>
  );
}

/** Profile, only when it is made: it decides the address. */
export function ProfileField({ draft, onChange }: FieldsProps) {
  return (
    <RadioCards
      label="Profile"
      pointer="/profile"
      value={draft.profile}
      options={PROFILES}
      onChange={(profile) => onChange({ profile })}
    />
  );
}

/** What proves a caller. */
export function AuthField({ draft, onChange, isStored }: FieldsProps & { isStored?: boolean }) {
  const options = AUTHS.map((each) =>
    each.value === 'default' && isStored ? { ...each, label: 'As it is now' } : each,
  );
  return (
    <>
      <SelectField
        label="Callers prove themselves by"
        pointer="/auth"
        value={draft.auth}
        options={options}
        onChange={(auth) => onChange({ auth })}
      />
      <AuthFields draft={draft} onChange={onChange} />
    </>
  );
}

/** Everything else, folded away: most never need it. */
export function MoreFields({ draft, onChange }: FieldsProps) {
  return (
    <>
      {draft.profile === 'native' ? (
        <TextField
          label="Methods"
          isCode
          pointer="/methods"
          hint="POST, PUT, PATCH, GET, DELETE"
          value={draft.methods}
          onChange={(methods) => onChange({ methods })}
        />
      ) : null}
      <TextField
        label="Order"
        isCode
        isOptional
        pointer="/ordering"
        hint="Runs with the same key go one after another: app, trigger, or a template such as {{ body.customer }}"
        value={draft.ordering}
        onChange={(ordering) => onChange({ ordering })}
      />
      <TextField
        label="Idempotency key"
        isCode
        isOptional
        pointer="/idempotency"
        hint="A template such as {{ body.order_id }}: a repeated key within 24 h starts no second run"
        value={draft.idempotency}
        onChange={(idempotency) => onChange({ idempotency })}
      />
      <TextField
        label="Requests at most"
        type="number"
        isOptional
        pointer="/rateLimit"
        value={draft.rateRequests}
        onChange={(rateRequests) => onChange({ rateRequests })}
      />
      <TextField
        label="in so many seconds"
        type="number"
        value={draft.rateSeconds}
        onChange={(rateSeconds) => onChange({ rateSeconds })}
      />
      <TextField
        label="Allowed addresses"
        isCode
        isOptional
        pointer="/allowedIps"
        hint="CIDRs, separated by commas; none lets everybody in"
        value={draft.allowedIps}
        onChange={(allowedIps) => onChange({ allowedIps })}
      />
      <TextField
        label="Origins of browsers"
        isCode
        isOptional
        pointer="/cors"
        hint="Whose pages may call it: https://example.org, or *"
        value={draft.corsOrigins}
        onChange={(corsOrigins) => onChange({ corsOrigins })}
      />
      <TextField
        label="Props"
        isCode
        isOptional
        rows={3}
        pointer="/props"
        hint="Any JSON; the flow reads it as trigger.props"
        value={draft.props}
        onChange={(props) => onChange({ props })}
      />
    </>
  );
}
