"""A step of `beyond.Beyond` a second time, by torch's autograd: each rule as losses to add up.

What a rule detaches is detached; feedback that is no gradient enters as a term of that slope.
"""

import torch
from torch.nn import functional


def autograd_step(reference, x, labels, masks, u):
    """{name: gradient} of one step."""
    return Autograd(reference, x, labels, masks, u).gradients()


def statistics_after(reference, x, labels, masks, u):
    """{name: value} of the running statistics after one step."""
    step = Autograd(reference, x, labels, masks, u)
    step.total()
    return {name: value.numpy() for name, value in step.running.items()}


class Autograd:
    def __init__(self, reference, x, labels, masks, u):
        self.reference, self.labels = reference, torch.tensor(labels)
        self.cnn = reference.network == "cnn"
        self.x = torch.tensor(x) if self.cnn else torch.tensor(x).flatten(1)
        self.masks, self.u = [torch.tensor(m) for m in masks or ()], u
        self.w = {n: torch.tensor(v, requires_grad=True) for n, v in reference.weights.items()}
        self.running = {n: torch.tensor(v) for n, v in reference.statistics.items()}
        self.kept = {n: torch.tensor(v) for n, v in reference.kept.items()}
        self.hidden = reference.depth - 1
        self.y = functional.one_hot(self.labels, 10).double()

    def gradients(self):
        self.total().backward()
        return {n: v.grad.numpy() for n, v in self.w.items() if v.grad is not None}

    def total(self):
        """The sum of losses whose gradient is the step."""
        rule = self.reference.rule
        if rule == "forward_forward":
            return self.forward_forward()
        detached = rule not in ("backprop", "fa", "deep_supervision")
        h, every, losses = self.x, [], []
        self.inputs = []
        for i in range(self.hidden):
            if rule == "top_only" and i < self.hidden - 1:
                h = self.layer(i, h).detach()
                continue
            h = h.detach().requires_grad_() if detached else h
            self.inputs.append(h)
            h = self.layer(i, h, self.kept.get(f"feedback{i}") if rule == "fa" else None)
            every.append(h)
        cut = rule not in ("backprop", "top_only", "fa", "deep_supervision")
        top = h.detach().requires_grad_() if cut else h
        if rule == "deep_supervision":
            share = self.reference.value("top_weight")
            w = {n: v.detach() for n, v in self.w.items()}
            losses += [
                share * self.loss(self.classify(top, w)),
                self.loss(self.classify(top.detach(), self.w)),
            ]
        elif rule != "mono_forward":
            feedback = self.kept[f"feedback{self.hidden}"] if rule == "fa" else None
            losses.append(self.loss(self.classify(top, self.w, feedback)))

        if rule in ("dni", "cdni"):
            return losses[0] + self.synthetic(every, losses[0], top)
        for i, h in enumerate(every):
            flat = h.flatten(1)
            if rule in ("local_pred", "deep_supervision"):
                losses.append(self.head_loss(i, flat))
            elif rule == "local_sim":
                losses.append(self.sim_loss(i, h))
            elif rule == "local_predsim":
                share = self.reference.value("sim_weight")
                losses += [(1 - share) * self.head_loss(i, flat), share * self.sim_loss(i, h)]
            elif rule == "mono_forward":
                losses.append(self.loss(flat @ self.w[f"map{i}.weight"].T))
            elif rule == "dfa":
                error = torch.softmax(self.logits, 1), torch.sigmoid(self.logits)
                error = error[self.reference.loss == "sigmoid"].detach() - self.y
                sent = torch.einsum("fk,bk->bf", self.kept[f"feedback{i}"], error)
                losses.append((sent * flat).sum(1).mean())
            elif rule == "drtp":
                losses.append((self.kept[f"feedback{i}"][:, self.labels].T * flat).sum(1).mean())
        return sum(losses)

    def product(self, h, weight):
        if self.cnn:
            return functional.conv2d(h, weight, padding="same")
        return functional.linear(h, weight)

    def layer(self, i, h, feedback=None):
        name, r = f"hidden{i}", self.reference
        if i and self.masks:
            h = h * self.masks[i - 1] / (1 - r.dropout)
        weight = self.w[f"{name}.weight"]
        z = self.product(h, weight)
        if feedback is not None:  # the value of W h, whose slope in h is B
            sent = self.product(h, feedback)
            z = self.product(h.detach(), weight) + sent - sent.detach()
        if r.norm == "batch":
            running = [self.running[f"{name}.{kind}"] for kind in ("mean", "variance")]
            gamma, beta = self.w[f"{name}.gamma"], self.w[f"{name}.beta"]
            z = functional.batch_norm(z, *running, gamma, beta, training=True)
        else:
            z = z + self.w[f"{name}.bias"]
        h = {"relu": torch.relu, "leaky_relu": functional.leaky_relu, "tanh": torch.tanh}[
            r.activation
        ](z)
        if self.cnn:
            h = (functional.avg_pool2d if i else functional.max_pool2d)(h, 3, 2, 1)
        return h

    def classify(self, h, w, feedback=None):
        if self.masks:
            h = h * self.masks[-1] / (1 - self.reference.dropout)
        h = h.flatten(1)
        logits = h @ w["classifier.weight"].T + w["classifier.bias"]
        if feedback is not None:
            sent = h @ feedback.T
            logits = h.detach() @ w["classifier.weight"].T + w["classifier.bias"]
            logits = logits + sent - sent.detach()
        self.logits = logits
        return logits

    def loss(self, logits):
        if self.reference.loss == "softmax":
            return functional.cross_entropy(logits, self.labels)
        every = functional.binary_cross_entropy_with_logits(logits, self.y, reduction="none")
        return every.sum(1).mean()

    def head_loss(self, i, flat):
        weight, bias = (self.w[f"head{i}.output.{kind}"] for kind in ("weight", "bias"))
        return self.loss(functional.linear(flat, weight, bias))

    def sim_loss(self, i, h):
        z = self.product(h, self.w[f"map{i}.weight"])
        z = z.flatten(2).std(2) if self.cnn else z
        return ((cosines(z) - cosines(self.y)) ** 2).mean()

    def forward_forward(self):
        classes = 10
        wrong = [
            (int(n) + 1 + int(9 * v)) % classes for n, v in zip(self.labels, self.u, strict=True)
        ]
        twice = torch.cat([self.x, self.x])
        twice[:, :classes] = 0
        twice[range(len(twice)), [*self.labels.tolist(), *wrong]] = 1
        h, losses, positive = twice, [], len(self.x)
        for i in range(self.hidden):
            h = self.layer(i, h)
            excess = h.square().sum(1) - self.reference.value("ff_threshold") * h.shape[1]
            losses.append(
                functional.softplus(torch.cat([-excess[:positive], excess[positive:]])).mean()
            )
            h = (h / (h.square().mean(1, keepdim=True).sqrt() + 1e-8)).detach()
        return sum(losses)

    def synthetic(self, every, top_weight, top):
        """M's losses at bootstrapped targets, and terms with the synthetic gradients as slopes."""
        scale, losses = self.reference.value("sg_scale"), 0
        (delta,) = torch.autograd.grad(top_weight, top, retain_graph=True)
        for i in reversed(range(self.hidden)):
            seen = every[i].detach()
            if self.reference.rule == "cdni":
                label = (
                    self.y[:, :, None, None].expand(-1, -1, *seen.shape[2:]) if self.cnn else self.y
                )
                seen = torch.cat([seen, label], 1)
            out = self.product(seen, self.w[f"sg{i}.output.weight"])
            bias = self.w[f"sg{i}.output.bias"]
            out = out + (bias[:, None, None] if self.cnn else bias)
            losses = losses + (out - scale * delta).square().flatten(1).sum(1).mean()
            term = (every[i] * out.detach() / scale).sum()
            if i:
                (delta,) = torch.autograd.grad(term, self.inputs[i], retain_graph=True)
            losses = losses + term
        return losses


def cosines(z):
    centred = z - z.mean(1, keepdim=True)
    u = centred / (1e-8 + torch.linalg.vector_norm(centred, dim=1, keepdim=True))
    return (u @ u.T).clamp(-1, 1)
