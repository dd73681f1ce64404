#pragma once

#include "scanner/flow/message.h"

/**
 * What has its row, as KNOWN_... messages tell of it: to owners of a scan that goes on (pipeline/resume.h), and in a fleet to whoever takes
 * over (docs/cluster/design.md). What was seen is needed whole, also where rows are not.
 */

void known_service_put(struct buf *out, const struct seen_service *s);
/** @param by_wildcard the leaf matches the host by a wildcard @param told of a fleet: its ENDPOINT_DONE */
void known_name_put(struct buf *out, const struct seen_endpoint *e, bool by_wildcard,
                    uint32_t block, struct span told);
/** One whose session stands for others. Nothing is put where none of its attempts counts. */
void known_speaker_put(struct buf *out, const struct seen_endpoint *e);
