import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Badge, Facts, Page, Section } from '../design/page.tsx';
import { Payload } from '../design/payload.tsx';
import { QueryView } from '../design/states.tsx';
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
  return (
    <Page
      title={name}
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
                  <PublishTest type={type.name} sample={example.event.data} />
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
