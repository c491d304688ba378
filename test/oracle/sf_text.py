"""Reads .sf text into plain Python objects. Written from docs/ir.md 2 alone; shares
nothing with the compiler, so that both can be wrong only independently."""
import itertools
import re
from types import SimpleNamespace as Node

TOKEN = re.compile(r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<string>"(?:[^"\\]|\\.)*")
  | (?P<value>%(?:[A-Za-z0-9_.$-]+|"[^"]*"))
  | (?P<symbol>@(?:[A-Za-z0-9_.$-]+|"[^"]*"))
  | (?P<arrow>->)
  | (?P<number>-?(?:inf\b|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?))
  | (?P<ident>[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*)
  | (?P<punct>[{}()\[\],:=.])
""", re.VERBOSE)


def tokens_of(text):
    at, out = 0, []
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise SyntaxError("at %r" % text[at:at + 20])
        at = match.end()
        if match.lastgroup != "space":
            out.append((match.lastgroup, match.group().replace('"', "")
                        if match.lastgroup in ("value", "symbol")
                        else match.group()))
    return out + [("end", "")]


class Reader:
    def __init__(self, text):
        self.tokens, self.at = tokens_of(text), 0

    def peek(self, ahead=0):
        return self.tokens[self.at + ahead]

    def take(self):
        self.at += 1
        return self.tokens[self.at - 1]

    def accept(self, text):
        if self.peek()[1] == text and self.peek()[0] != "string":
            self.at += 1
            return True
        return False

    def expect(self, text):
        if not self.accept(text):
            raise SyntaxError("wanted %r, got %r" % (text, self.peek()))

    def kind(self, kind):
        if self.peek()[0] != kind:
            raise SyntaxError("wanted %s, got %r" % (kind, self.peek()))
        return self.take()[1]

    def list_of(self, item, close):
        out = []
        while not self.accept(close):
            if out:
                self.expect(",")
            out.append(item())
        return out

    # ---- small things

    def number(self):
        text = self.kind("number")
        if re.fullmatch(r"-?[0-9]+", text):
            return int(text)
        return float(text)

    def type(self):
        scalar, shape = self.kind("ident"), ()
        if self.accept("["):
            shape = tuple(self.list_of(self.number, "]"))
        return Node(scalar=scalar, shape=shape)

    def types(self):
        if self.accept("("):
            return self.list_of(self.type, ")")
        return [self.type()]

    def attr_value(self):
        kind, text = self.peek()
        if kind == "number":
            return self.number()
        if self.accept("["):
            return self.list_of(self.attr_value, "]")
        return self.take()[1]

    def attrs(self):
        out = {}
        if self.accept("{"):
            while not self.accept("}"):
                if out:
                    self.expect(",")
                name = self.kind("ident")
                self.expect("=")
                out[name] = self.attr_value()
        return out

    def operand(self):
        if self.peek()[0] == "value":
            return self.take()[1]
        return self.number()

    def mode(self):
        return self.kind("ident") if self.accept(".") else ""

    # ---- items

    def module(self):
        module = Node(blobs={}, neurons={}, networks={})
        self.expect("module")
        self.kind("symbol")
        self.attrs() if self.peek(1)[0] == "ident" and \
            self.peek(2)[1] == "=" else None
        self.expect("{")
        while not self.accept("}"):
            word = self.kind("ident")
            if word == "blob":
                self.blob(module)
            elif word == "neuron":
                self.neuron(module)
            elif word == "network":
                self.network(module)
            else:
                raise SyntaxError(word)
        return module

    def blob(self, module):
        name = self.kind("symbol")
        self.expect(":")
        kind = self.type()
        self.expect("=")
        count = 1
        for extent in kind.shape:
            count *= extent
        source = self.kind("ident")
        if source == "splat":
            data = [self.number()] * count
        elif source == "slice":
            base = module.blobs[self.kind("symbol")]
            self.expect("[")
            ranges = [range(*pair) for pair in self.list_of(self.extent, "]")]
            data = []
            for place in itertools.product(*ranges):
                flat = 0
                for index, dim in zip(place, base.type.shape):
                    flat = flat * dim + index
                data.append(base.data[flat])
        else:
            self.expect("[")
            data = self.list_of(self.number, "]")
        module.blobs[name] = Node(type=kind, data=data)

    def extent(self):
        begin = self.number()
        self.expect(":")
        return begin, self.number()

    def neuron(self, module):
        n = Node(name=self.kind("symbol"), params=[], states=[], stmts=[],
                 next={}, emits=[])
        self.expect("(")
        n.inputs = self.list_of(self.typed_value, ")")
        self.expect("->")
        n.results = self.types()
        self.expect("{")
        while not self.accept("}"):
            if self.accept("param"):
                n.params.append(self.param())
            elif self.accept("state"):
                name, scalar = self.typed_value()
                self.expect("=")
                n.states.append((name, scalar, self.operand()))
            elif self.accept("next"):
                name = self.kind("value")
                self.expect("=")
                n.next[name] = self.operand()
            elif self.accept("emit"):
                n.emits = [self.operand()]
                while self.accept(","):
                    n.emits.append(self.operand())
            else:
                n.stmts.append(self.stmt())
        module.neurons[n.name] = n

    def typed_value(self):
        name = self.kind("value")
        self.expect(":")
        return name, self.kind("ident")

    def param(self):
        name, scalar = self.typed_value()
        default = None
        if self.accept("in"):
            self.expect("[")
            self.list_of(self.number, "]")
        if self.accept("="):
            default = self.number()
        return name, scalar, default

    def stmt(self):
        s = Node(result=self.kind("value"), blob=None)
        self.expect("=")
        s.op = self.kind("ident")
        s.mode = self.mode()
        s.operands = []
        if self.peek()[0] == "symbol":
            s.blob = self.take()[1]
            self.expect(",")
        if self.peek()[0] == "number" or (self.peek()[0] == "value" and
                                          self.peek(1)[1] != "="):
            s.operands.append(self.operand())
            while self.accept(","):
                s.operands.append(self.operand())
        s.attrs = self.attrs()
        s.type = self.kind("ident") if self.accept(":") else None
        return s

    def network(self, module):
        n = Node(name=self.kind("symbol"), ops=[])
        self.expect("(")
        n.arguments = self.list_of(self.argument, ")")
        self.expect("->")
        self.expect("(")
        self.list_of(self.type, ")")
        n.attrs = {}
        if self.peek(1)[0] == "ident" and self.peek(2)[1] == "=":
            n.attrs = self.attrs()
        self.expect("{")
        while not self.accept("return"):
            n.ops.append(self.op())
        n.returns = self.list_of(lambda: self.kind("value"), "}")
        module.networks[n.name] = n

    def argument(self):
        name = self.kind("value")
        self.expect(":")
        return name, self.type()

    def use(self):
        if self.peek()[0] in ("value", "symbol"):
            return self.take()[1]
        raise SyntaxError("use %r" % (self.peek(),))

    def op(self):
        o = Node(results=[self.kind("value")], neuron=None)
        while self.accept(","):
            o.results.append(self.kind("value"))
        self.expect("=")
        o.op = self.kind("ident")
        o.mode = self.mode()
        if self.peek()[0] == "symbol" and self.peek(1)[1] == "(":
            o.neuron = self.take()[1]
            self.take()
            o.uses = self.list_of(self.use, ")")
        else:
            o.uses = [self.use()]
            while self.accept(","):
                o.uses.append(self.use())
        o.attrs = self.attrs()
        self.expect(":")
        o.types = self.types()
        return o


def read(text):
    return Reader(text).module()
