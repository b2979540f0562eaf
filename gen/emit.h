/*
 * emit.h - writes the generated files of one .proto, which psd_check_file()
 * has found good. For "polarstack/v1/port_usage.proto":
 *
 *   port_usage.rpc.h     what a client calls; the service and its resources
 *   port_usage.rpc.c     the calls, on common/rpc/client.h and watch.h
 *   port_usage.server.h  the handlers and replies of a server
 *   port_usage.service.c the constants of common/rpc/service.h
 *
 * Clients and servers each link the parts they use: the calls need no server,
 * the constants need neither half of the runtime.
 */
#ifndef PSD_GEN_EMIT_H
#define PSD_GEN_EMIT_H

#include "common/text.h"
#include "gen/model.h"
#include "gen/template.h"

void psd_emit_rpc_header(psd_arena *arena, const psd_model_file *file, psd_text *out);
void psd_emit_rpc_source(psd_arena *arena, const psd_model_file *file, psd_text *out);
void psd_emit_server_header(psd_arena *arena, const psd_model_file *file, psd_text *out);
void psd_emit_service_source(psd_arena *arena, const psd_model_file *file, psd_text *out);

/* Variables for the templates, all owned by the arena: */

/* proto, base, guard (of the header of KIND, "rpc" or "server"). */
const psd_variable *psd_emit_file_variables(psd_arena *arena, const psd_model_file *file, const char *kind);

/* snake, full_name, comment (a string literal), method_count. */
const psd_variable *psd_emit_service_variables(psd_arena *arena, const psd_model_service *service);

/* snake (of the service), call, local (call without "psd_", for static
 * functions), member, index, request, response (C types), full_name, name,
 * comment (a string literal). */
const psd_variable *psd_emit_method_variables(psd_arena *arena, const psd_model_service *service,
                                              const psd_model_method *method);

#endif
