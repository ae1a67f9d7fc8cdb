import { useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { Button } from './button.tsx';
import { Dialog, DialogActions } from './dialog.tsx';
import { SelectField, TextField } from './field.tsx';
import { Form } from './form.tsx';
import { type SavedFilter, savedOf, screenOf, withSaved } from './saved-filters.rules.ts';

/** Keeps the filters that are set under a name, in this browser, and sets them again. Each is an address as well. */
export function SavedFilters() {
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const key = screenOf(pathname);
  const [saved, setSaved] = useState(() => savedOf(localStorage.getItem(key)));
  const [name, setName] = useState<string | null>(null);
  const keep = (all: SavedFilter[]): void => {
    localStorage.setItem(key, JSON.stringify(all));
    setSaved(all);
  };
  const current = saved.find((each) => each.search === search);
  const options = [
    { value: '', label: saved.length === 0 ? 'none yet' : 'choose …' },
    ...saved.map((each) => ({ value: each.name, label: each.name })),
  ];
  const choose = (chosen: string): void => {
    const found = saved.find((each) => each.name === chosen);
    if (found) void navigate({ pathname, search: found.search }, { replace: true });
  };
  const submit = (): void => {
    const given = (name ?? '').trim();
    if (given !== '') keep(withSaved(saved, { name: given, search }));
    setName(null);
  };
  return (
    <>
      {saved.length > 0 ? (
        <SelectField label="Saved filters" value={current?.name ?? ''} options={options} onChange={choose} />
      ) : null}
      {search !== '' && !current ? (
        <Button small onPress={() => setName('')}>
          Save this filter
        </Button>
      ) : null}
      {current ? (
        <Button small onPress={() => keep(saved.filter((each) => each !== current))}>
          Forget “{current.name}”
        </Button>
      ) : null}
      <Dialog title="Save this filter" isOpen={name !== null} onClose={() => setName(null)}>
        <Form onSubmit={submit} error={null} label="Save this filter">
          <TextField label="Name of the filter" value={name ?? ''} onChange={setName} />
          <DialogActions>
            <Button onPress={() => setName(null)}>Cancel</Button>
            <Button type="submit" kind="primary">
              Save filter
            </Button>
          </DialogActions>
        </Form>
      </Dialog>
    </>
  );
}
