/*
 * bpf_code.h - writes small BPF programs, instruction by instruction.
 *
 * Small enough to be read, they need no BPF compiler in the build.
 */
#ifndef PSD_SERVER_SCAN_PORT_BPF_CODE_H
#define PSD_SERVER_SCAN_PORT_BPF_CODE_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum { PSD_BPF_CODE_MAX = 192 };

/* Start with zeroes. What does not fit is counted and left out. */
typedef struct psd_bpf_code {
    struct bpf_insn instructions[PSD_BPF_CODE_MAX];
    size_t count;
} psd_bpf_code;

/* Each appends one instruction and returns its index. SIZE is BPF_B, BPF_H,
 * BPF_W or BPF_DW. */
size_t psd_bpf_emit(psd_bpf_code *code, struct bpf_insn instruction);
size_t psd_bpf_load(psd_bpf_code *code, uint8_t size, uint8_t to, uint8_t from, int offset);
size_t psd_bpf_store(psd_bpf_code *code, uint8_t size, uint8_t to, int offset, uint8_t from);
size_t psd_bpf_set(psd_bpf_code *code, uint8_t to, int32_t value);
size_t psd_bpf_move(psd_bpf_code *code, uint8_t to, uint8_t from);
/* OPERATION is BPF_ADD, BPF_AND …, on 64 bits. */
size_t psd_bpf_compute(psd_bpf_code *code, uint8_t operation, uint8_t to, int32_t value);
size_t psd_bpf_compute_register(psd_bpf_code *code, uint8_t operation, uint8_t to, uint8_t from);
size_t psd_bpf_call(psd_bpf_code *code, int32_t helper);
/* Ends the program with the low 32 bits of register FROM as its result. */
size_t psd_bpf_return(psd_bpf_code *code, uint8_t from);
size_t psd_bpf_return_zero(psd_bpf_code *code);

/* Jumps on CONDITION (BPF_JEQ, BPF_JGE …), or always (BPF_JA). The target is
 * set by psd_bpf_land, or by psd_bpf_jump_back for one that is already there. */
size_t psd_bpf_jump(psd_bpf_code *code, uint8_t condition, uint8_t left, int32_t right);
size_t psd_bpf_jump_register(psd_bpf_code *code, uint8_t condition, uint8_t left, uint8_t right);
void psd_bpf_land(psd_bpf_code *code, size_t jump); /* it leads to the next instruction */
void psd_bpf_jump_back(psd_bpf_code *code, size_t target);

/* Loads the program. Returns its descriptor or -1. */
struct bpf_prog_load_opts;
int psd_bpf_load_program(const psd_bpf_code *code, enum bpf_prog_type type, const char *name,
                         const struct bpf_prog_load_opts *options, psd_error *error) PSD_MUST_CHECK;

#endif
