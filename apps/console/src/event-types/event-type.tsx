import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button, LinkButton } from '../design/button.tsx';
import { ConfirmDialog } from '../design/dialog.tsx';
import { Badge, Facts, Page, Section } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { QueryView } from '../design/states.tsx';
import type { Schema } from '../flows/flow-schema.rules.ts';
import { may, useUser } from '../session/session.ts';
import { PublishTest } from './publish-test.tsx';

/** RG-05: one event type with its schema, a sample, and a test event of it. */
export function Component() {
  const api = useApi();
  const appId = useAppId();
  const user = useUser();
  const { name = '' } = useParams();
  const path = { params: { path: { name } } };
  const read = useQuery({
    queryKey: [appId, 'event-types', 'one', name],
    queryFn: () => bodyOf(api.GET('/v1/event-types/{name}', path)),
  });
  const sample = useQuery({
    queryKey: [appId, 'event-types', 'sample', name],
    queryFn: () => bodyOf(api.GET('/v1/event-types/{name}/example', path)),
  });
  const isMine = read.data?.builtIn === false && may(user, 'editor', appId);
  return (
    <Page
      title={name}
      actions={isMine ? <EventTypeActions name={name} /> : null}
      about={read.data?.description}
      parent={{ label: 'Event types', to: `/apps/${appId}/event-types` }}
    >
      <QueryView query={read}>
        {(type) => (
          <>
            <Section title="Schema">
              <Facts
                facts={[
                  ['Kind', type.builtIn ? <Badge key="kind">built-in</Badge> : 'your own'],
                  ['Version', type.version],
                  ['Other data is refused', type.validate ? 'yes' : 'no'],
                ]}
              />
              {type.schema ? <Payload label="JSON Schema" value={type.schema} /> : <p>Any data.</p>}
            </Section>
            <QueryView query={sample}>
              {(example) =>
                may(user, 'operator', appId) && !type.builtIn ? (
                  <PublishTest type={type.name} schema={type.schema as Schema | null} sample={example.event.data} />
                ) : (
                  <Section title="Sample">
                    <Payload label="Sample" value={example.event} />
                  </Section>
                )
              }
            </QueryView>
          </>
        )}
      </QueryView>
    </Page>
  );
}

function EventTypeActions({ name }: { name: string }) {
  const api = useApi();
  const appId = useAppId();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [isDeleting, setDeleting] = useState(false);
  const remove = async (): Promise<void> => {
    await bodyOf(api.DELETE('/v1/event-types/{name}', { params: { path: { name } } }));
    void navigate(`/apps/${appId}/event-types`);
    await queries.invalidateQueries({ queryKey: [appId, 'event-types'] });
  };
  return (
    <>
      <LinkButton kind="primary" to="edit">
        Change
      </LinkButton>
      <LinkButton to={`/apps/${appId}/history?kind=event-types&id=${encodeURIComponent(name)}`}>History</LinkButton>
      <Button kind="danger" onPress={() => setDeleting(true)}>
        Delete …
      </Button>
      <ConfirmDialog
        title={`Delete ${name}?`}
        action="Delete the event type"
        isDanger
        isOpen={isDeleting}
        onClose={() => setDeleting(false)}
        onConfirm={remove}
      >
        Events of this name are no longer checked, and their samples are gone. Events that happened stay.
      </ConfirmDialog>
    </>
  );
}
