import { useMutation } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { bodyOf } from '../api/client.ts';
import { useApi, useAppId } from '../api/use-api.ts';
import { Button } from '../design/button.tsx';
import { useToasts } from '../design/toasts.tsx';
import type { Delivery } from './delivery-types.ts';

/** DL-06: sends the events of the chosen deliveries again, each to the endpoint that it went to, and shows how it goes. */
export function ReplaySelection({ chosen, onDone }: { chosen: readonly Delivery[]; onDone: () => void }) {
  const api = useApi();
  const appId = useAppId();
  const navigate = useNavigate();
  const { warn } = useToasts();
  const replay = useMutation({
    mutationFn: async () => {
      const byEndpoint = Map.groupBy(chosen, ({ endpointId }) => String(endpointId));
      const ids: string[] = [];
      for (const [id, deliveries] of byEndpoint) {
        const eventIds = [...new Set(deliveries.map(({ eventId }) => eventId))];
        const body = { eventIds };
        const made = await bodyOf(api.POST('/v1/endpoints/{id}/replay', { params: { path: { id } }, body }));
        ids.push(made.replayId);
      }
      return ids;
    },
    onSuccess: (ids) => {
      onDone();
      void navigate(ids.length === 1 ? `/apps/${appId}/replays/${ids[0]}` : `/apps/${appId}/replays`);
    },
    onError: warn,
  });
  return (
    <Button small isDisabled={chosen.length === 0} isBusy={replay.isPending} onPress={() => replay.mutate()}>
      Replay the selected ({chosen.length})
    </Button>
  );
}
