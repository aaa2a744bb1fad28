"""Options that take any number of values, as a shell pattern makes them."""

from typer.core import TyperCommand

__all__ = ["variadic"]


def variadic(option):
    """Command class in which every value after `option` belongs to it, up to the next option."""

    class Variadic(TyperCommand):
        def parse_args(self, ctx, args):
            out, many = [], False
            for arg, following in zip(args, [*args[1:], "--"], strict=False):
                if arg == option:
                    many = True
                    if following.startswith("-"):
                        ctx.fail(f"{option}: no value given")
                elif arg.startswith("-") and len(arg) > 1:
                    many = False
                    out.append(arg)
                else:
                    out += [option, arg] if many else [arg]
            return super().parse_args(ctx, out)

    return Variadic
