/*
 * polarstack.h - the client library of polarstack-daemon, all of it.
 *
 *   cc program.c $(pkg-config --cflags --libs polarstack)
 *
 * common/rpc/client.h tells how to open a client and how calls behave, watch.h
 * how to follow a resource, ask_many.h how to ask many nodes at once; each
 * ….rpc.h holds the typed calls of one .proto.
 */
#ifndef POLARSTACK_H
#define POLARSTACK_H

#include "common/error.h"
#include "common/rpc/ask_many.h"
#include "common/rpc/client.h"
#include "common/rpc/watch.h"
#include "polarrpc/v1/reflection.rpc.h"
#include "polarstack/v1/bridge.rpc.h"
#include "polarstack/v1/cluster.rpc.h"
#include "polarstack/v1/core_version.rpc.h"
#include "polarstack/v1/diagnosis.rpc.h"
#include "polarstack/v1/health.rpc.h"
#include "polarstack/v1/node_config.rpc.h"
#include "polarstack/v1/node_net.rpc.h"
#include "polarstack/v1/port_usage.rpc.h"

#endif
