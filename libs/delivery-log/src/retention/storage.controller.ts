import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Requires } from '@sluice/access';
import { StorageQueries } from './storage.query.ts';
import { Storage } from './storage.requests.ts';

/** For operators: the tables belong to the deployment. */
@ApiTags('storage')
@ApiBearerAuth()
@Controller('v1/storage')
export class StorageController {
  constructor(private readonly queries: StorageQueries) {}

  /** What the delivery log takes on disk, by table and by app, and its limits. */
  @Get()
  @Requires('admin', { everywhere: true })
  @ApiOkResponse({ type: Storage })
  get(): Promise<Storage> {
    return this.queries.get();
  }
}
