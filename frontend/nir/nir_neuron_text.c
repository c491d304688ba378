/* nir_neuron_text.c - the neuron function of a node under a convention, as
 * text of the IR. Its statements are in the order in which the framework
 * computes, so that results agree to the bit. */
#include "frontend/nir/nir.h"

#include "ir/copy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct text {
  char bytes[4096];
  size_t size;
} text;

static void put(text *out, const char *format, ...) SF_PRINTF(2, 3);
static void put(text *out, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(out->bytes + out->size, sizeof out->bytes - out->size,
                         format, arguments);
  va_end(arguments);
  /* The longest function has half as many bytes. */
  if (length > 0) out->size += (size_t)length;
}

static bool is_late(const nir_neuron *n) {
  return n->reset == NIR_RESET_SUBTRACT_LATE ||
         n->reset == NIR_RESET_VALUE_LATE;
}

static bool is_rate(const nir_neuron *n) {
  return n->scheme == NIR_RATE && n->kind != NIR_INTEGRATOR;
}

static void put_params(text *out, const nir_neuron *n) {
  bool divides = n->scheme == NIR_SPIKINGJELLY && n->kind != NIR_INTEGRATOR;
  if (n->kind == NIR_CUBA) put(out, "param %%alpha: f32\n");
  if (n->gain_syn) put(out, "param %%gain_syn: f32 = 1.0\n");
  if (divides)
    put(out, "param %%tau: f32 = 2.0\n");
  else if (is_rate(n))
    put(out, "param %%rate: f32 in [0.0, 1.0]\n");
  else if (n->kind != NIR_INTEGRATOR)
    put(out, "param %%beta: f32 in [0.0, 1.0]\n");
  if (n->gain) put(out, "param %%gain: f32 = 1.0\n");
  if (n->leak) put(out, "param %%leak: f32 = 0.0\n");
  if (n->spikes) put(out, "param %%theta: f32 = 1.0\n");
  if (n->reset_value) put(out, "param %%v_reset: f32 = 0.0\n");
  if (n->kind == NIR_CUBA) put(out, "state %%i: f32 = 0.0\n");
  put(out, "state %%v: f32 = %s\n", n->starts_at_reset ? "%v_reset" : "0.0");
}

/* The synapse; returns what the membrane sees. */
static const char *put_current(text *out, const nir_neuron *n) {
  if (n->kind != NIR_CUBA) return "%x";
  const char *x = "%x";
  if (n->gain_syn) {
    put(out, "%%xi = mul %%gain_syn, %%x\n");
    x = "%xi";
  }
  if (n->current == NIR_CURRENT_DECAYED)
    put(out, "%%ix = add %%i, %s\n%%c = mul %%alpha, %%ix\n", x);
  else
    put(out, "%%ki = mul %%alpha, %%i\n%%c = add %%ki, %s\n", x);
  return n->current == NIR_CURRENT_OLD ? "%i" : "%c";
}

/* SpikingJelly: h = v + (x - (v - leak)) / tau, or h = v - (v - leak) / tau +
 * x. */
static const char *put_spikingjelly(text *out, const nir_neuron *n,
                                    const char *x) {
  const char *d = "%v";
  if (n->leak) {
    put(out, "%%d = sub %%v, %%leak\n");
    d = "%d";
  }
  if (n->divided_input)
    put(out,
        "%%e = sub %s, %s\n%%q = div %%e, %%tau\n"
        "%%h = add %%v, %%q\n",
        x, d);
  else
    put(out,
        "%%q = div %s, %%tau\n%%e = sub %%v, %%q\n"
        "%%h = add %%e, %s\n",
        d, x);
  return "%h";
}

/* h = v + rate ((leak - v) + x). */
static const char *put_rate(text *out, const nir_neuron *n, const char *old,
                            const char *x) {
  if (n->leak)
    put(out, "%%d = sub %%leak, %s\n", old);
  else
    put(out, "%%d = neg %s\n", old);
  put(out, "%%e = add %%d, %s\n%%q = mul %%rate, %%e\n%%h = add %s, %%q\n", x,
      old);
  return "%h";
}

/* h = beta v + x + leak. */
static const char *put_decay(text *out, const nir_neuron *n, const char *old,
                             const char *x) {
  if (n->kind != NIR_INTEGRATOR) {
    put(out, "%%k = mul %%beta, %s\n", old);
    old = "%k";
  }
  put(out, "%%h = add %s, %s\n", old, x);
  if (!n->leak) return "%h";
  put(out, "%%hl = add %%h, %%leak\n");
  return "%hl";
}

/* The membrane before it fires, in the value that is returned. */
static const char *put_membrane(text *out, const nir_neuron *n, const char *x) {
  const char *old = "%v";
  if (n->reset == NIR_RESET_VALUE_LATE) {
    put(out, "%%w = select %%r, %s, %%v\n",
        n->reset_value ? "%v_reset" : "0.0");
    old = "%w";
  }
  if (n->gain) {
    put(out, "%%g = mul %%gain, %s\n", x);
    x = "%g";
  }
  const char *h =
      is_rate(n) ? put_rate(out, n, old, x) : put_decay(out, n, old, x);
  if (n->reset == NIR_RESET_SUBTRACT_LATE) {
    put(out, "%%z = select %%r, %%theta, 0.0\n%%hz = sub %s, %%z\n", h);
    h = "%hz";
  }
  return h;
}

/* trunc(h / theta) spikes where h is positive, at most what 17 bits hold. */
static void put_many(text *out, const nir_neuron *n, const char *h) {
  put(out,
      "%%p = gt %s, 0.0\n%%f = div %s, %%theta\n%%t = trunc %%f\n"
      "%%m = min %%t, 65535.0\n%%y = select %%p, %%m, 0.0\n"
      "%%s = int.sat %%y {round = zero} : i17\n",
      h, h);
  const char *next = h;
  if (n->reset == NIR_RESET_SUBTRACT) {
    put(out, "%%l = mul %%y, %%theta\n%%n = sub %s, %%l\n", h);
    next = "%n";
  } else if (n->reset == NIR_RESET_VALUE) {
    put(out, "%%some = ne %%s, 0\n%%n = select %%some, %s, %s\n",
        n->reset_value ? "%v_reset" : "0.0", h);
    next = "%n";
  }
  put(out, "next %%v = %s\n", next);
}

static void put_one(text *out, const nir_neuron *n, const char *h) {
  put(out, "%%s = %s %s, %%theta\n", n->at_threshold ? "ge" : "gt", h);
  const char *next = h;
  if (n->reset == NIR_RESET_SUBTRACT) {
    put(out, "%%l = sub %s, %%theta\n%%n = select %%s, %%l, %s\n", h, h);
    next = "%n";
  } else if (n->reset == NIR_RESET_VALUE) {
    put(out, "%%n = select %%s, %s, %s\n", n->reset_value ? "%v_reset" : "0.0",
        h);
    next = "%n";
  }
  put(out, "next %%v = %s\n", next);
}

static void put_body(text *out, const nir_neuron *n) {
  put_params(out, n);
  if (is_late(n))
    put(out, "%%r = %s %%v, %%theta\n", n->at_threshold ? "ge" : "gt");
  const char *x = put_current(out, n);
  bool divides = n->scheme == NIR_SPIKINGJELLY && n->kind != NIR_INTEGRATOR;
  const char *h =
      divides ? put_spikingjelly(out, n, x) : put_membrane(out, n, x);
  if (n->kind == NIR_CUBA) put(out, "next %%i = %%c\n");
  if (!n->spikes) {
    put(out, "next %%v = %s\nemit %s\n", h, h);
    return;
  }
  if (n->late_spikes) { /* the comparison that resets is also what is sent */
    put(out, "next %%v = %s\nemit %%r\n", h);
    return;
  }
  if (n->many)
    put_many(out, n, h);
  else
    put_one(out, n, h);
  put(out, "emit %%s\n");
}

static const char *emitted(const nir_neuron *n) {
  return !n->spikes ? "f32" : n->many ? "i17" : "spike";
}

static const char *base_name(const nir_neuron *n) {
  switch (n->kind) {
  case NIR_THRESHOLD:
    return "threshold";
  case NIR_CUBA:
    return n->spikes ? "cuba_lif" : "cuba_li";
  case NIR_LEAKY:
    return n->spikes ? "lif" : "li";
  default:
    return n->spikes ? "if" : "integrator";
  }
}

static void put_name(text *out, const nir_neuron *n) {
  static const char *const resets[] = {"",           "_zero", "",
                                       "_zero_late", "_late", "_kept"};
  put(out, "%s", base_name(n));
  if (n->kind == NIR_THRESHOLD || !n->spikes) return;
  put(out, "%s%s%s", resets[n->reset], n->at_threshold ? "_ge" : "",
      n->many ? "_many" : "");
}

/* The module's own function of that structure, else the library's, else a
 * copy. */
static sf_neuron *adopt(nir_import *import, const sf_neuron *wanted) {
  for (sf_neuron *n = import->module->first_neuron; n; n = n->next)
    if (sf_neuron_same_structure(n, wanted)) return n;
  sf_module *library;
  if (sf_library_load(import->diag, &library) != SF_OK) return NULL;
  const sf_neuron *source = wanted;
  for (sf_neuron *n = library->first_neuron; n; n = n->next)
    if (sf_neuron_same_structure(n, wanted)) source = n;
  sf_neuron *copy = sf_neuron_copy(import->module, source);
  sf_module_destroy(library);
  return copy;
}

sf_result sf_nir_neuron_parse(const nir_neuron *n, sf_diag *diag,
                              sf_module **out) {
  text body = {.size = 0};
  put(&body, "module @nir {\nneuron @");
  put_name(&body, n);
  put(&body, "(%%x: f32) -> %s {\n", emitted(n));
  if (n->kind == NIR_THRESHOLD)
    put(&body, "param %%theta: f32 = 1.0\n%%s = gt %%x, %%theta\nemit %%s\n");
  else
    put_body(&body, n);
  put(&body, "}\n}\n");
  return sf_parse((sf_slice){body.bytes, body.size}, "nir-neuron", diag, out);
}

sf_neuron *sf_nir_neuron(nir_import *import, const nir_neuron *n) {
  sf_module *parsed;
  if (sf_nir_neuron_parse(n, import->diag, &parsed) != SF_OK) return NULL;
  sf_neuron *neuron = adopt(import, parsed->first_neuron);
  sf_module_destroy(parsed);
  return neuron;
}
