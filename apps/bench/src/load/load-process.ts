import { DeliveryMeter } from './delivery-meter.ts';
import { FreshKnocking } from './fresh-knocking.ts';
import { Knocking } from './knocking.ts';
import type { LoadOrder } from './load-order.ts';
import { LoadRun } from './load-run.ts';

let meter: DeliveryMeter | null = null;

async function obey(message: { receiver?: true; order?: LoadOrder; knock?: LoadOrder }): Promise<void> {
  if (message.receiver) {
    meter = await DeliveryMeter.start();
    process.send?.({ port: meter.port });
  }
  if (message.knock) {
    const Kind = message.knock.freshConnections ? FreshKnocking : Knocking;
    process.send?.({ result: await new Kind(message.knock).run() });
    process.disconnect();
  }
  if (message.order) {
    const result = await new LoadRun(message.order, message.order.measureDeliveries ? meter : null).run();
    process.send?.({ result });
    process.disconnect();
  }
}

process.on('message', (message: { receiver?: true; order?: LoadOrder; knock?: LoadOrder }) => {
  obey(message).catch((error: Error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
});

// A bench that was interrupted must not leave its load behind.
process.on('disconnect', () => process.exit(0));
