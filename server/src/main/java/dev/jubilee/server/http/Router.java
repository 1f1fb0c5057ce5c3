package dev.jubilee.server.http;

import dev.jubilee.server.security.Access;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The routes of one port. Filled at start, then only read. A path is literal segments and {@code
 * {name}} parameters; a literal segment wins over a parameter.
 *
 * <p>There are two shapes of handler. A blocking one runs on a virtual thread of its own and may do
 * as it likes. A <em>hot</em> one runs on the event loop, must not block, and answers by completing
 * a stage from any thread.
 */
public final class Router {
    /** Runs on a virtual thread. */
    @FunctionalInterface
    public interface Blocking {
        Reply handle(Call call) throws Exception;
    }

    /** Runs on the event loop; must not block. */
    @FunctionalInterface
    public interface Hot {
        CompletionStage<Reply> handle(Call call);
    }

    /**
     * One route. Exactly one of the two handlers is there.
     *
     * @param budget what it counts against, a caller: routes of one budget share it
     * @param queries the query parameters that it knows; any other is refused
     */
    public record Route(
            Method method,
            String path,
            List<String> parameters,
            Access access,
            Limit limit,
            String budget,
            Set<String> queries,
            @Nullable Blocking blocking,
            @Nullable Hot hot) {}

    /** A route that fits, with the values of its parameters in order. */
    record Match(Route route, List<String> values) {}

    private static final class Node {
        final Map<String, Node> literals = new HashMap<>();
        @Nullable Node parameter;
        final Map<Method, Route> routes = new EnumMap<>(Method.class);
    }

    private final Node root = new Node();
    private final List<Route> routes = new ArrayList<>();

    public Router get(String path, Access access, Blocking handler) {
        return add(Method.GET, path, access, handler, null);
    }

    public Router post(String path, Access access, Blocking handler) {
        return add(Method.POST, path, access, handler, null);
    }

    public Router put(String path, Access access, Blocking handler) {
        return add(Method.PUT, path, access, handler, null);
    }

    public Router patch(String path, Access access, Blocking handler) {
        return add(Method.PATCH, path, access, handler, null);
    }

    public Router delete(String path, Access access, Blocking handler) {
        return add(Method.DELETE, path, access, handler, null);
    }

    /** A route on the event loop. */
    public Router hot(Method method, String path, Access access, Hot handler) {
        return add(method, path, access, null, handler);
    }

    /**
     * Counts the route that was added last against another limit than {@link Limit#READ} for a GET
     * and {@link Limit#WRITE} for the rest.
     */
    public Router limit(Limit limit) {
        Route last = routes.getLast();
        return replaceLast(limit, last.budget(), last.queries());
    }

    /**
     * Counts the route that was added last together with all others of this name: another way to
     * say the same is not another budget.
     */
    public Router sharing(String budget) {
        Route last = routes.getLast();
        return replaceLast(last.limit(), budget, last.queries());
    }

    /** Names the query parameters of the route that was added last; any other is refused. */
    public Router query(String... names) {
        Route last = routes.getLast();
        return replaceLast(last.limit(), last.budget(), Set.of(names));
    }

    private Router replaceLast(Limit limit, String budget, Set<String> queries) {
        Route last = routes.removeLast();
        Route changed =
                new Route(
                        last.method(),
                        last.path(),
                        last.parameters(),
                        last.access(),
                        limit,
                        budget,
                        queries,
                        last.blocking(),
                        last.hot());
        routes.add(changed);
        node(last.path(), new ArrayList<>()).routes.put(last.method(), changed);
        return this;
    }

    /** Every route, in the order in which they were added. */
    public List<Route> routes() {
        return List.copyOf(routes);
    }

    private Router add(
            Method method,
            String path,
            Access access,
            @Nullable Blocking blocking,
            @Nullable Hot hot) {
        if (!path.startsWith("/")) {
            throw new IllegalArgumentException("a path starts with /, was " + path);
        }
        List<String> parameters = new ArrayList<>();
        Node node = node(path, parameters);
        Limit limit = method == Method.GET ? Limit.READ : Limit.WRITE;
        Route route =
                new Route(
                        method,
                        path,
                        List.copyOf(parameters),
                        access,
                        limit,
                        method + " " + path,
                        Set.of(),
                        blocking,
                        hot);
        if (node.routes.putIfAbsent(method, route) != null) {
            throw new IllegalArgumentException("two routes for " + method + " " + path);
        }
        routes.add(route);
        return this;
    }

    private Node node(String path, List<String> parameters) {
        Node node = root;
        for (String segment : path.substring(1).split("/", -1)) {
            if (segment.startsWith("{") && segment.endsWith("}")) {
                parameters.add(segment.substring(1, segment.length() - 1));
                if (node.parameter == null) {
                    node.parameter = new Node();
                }
                node = node.parameter;
            } else {
                node = node.literals.computeIfAbsent(segment, s -> new Node());
            }
        }
        return node;
    }

    /**
     * The route for a raw path without its query; null when there is none. Values are still
     * percent-encoded.
     */
    @Nullable Match match(Method method, String path) {
        List<String> values = new ArrayList<>(2);
        Node node = find(root, method, path, 1, values);
        Route route = node == null ? null : node.routes.get(method);
        return route == null ? null : new Match(route, values);
    }

    /** The methods that a path takes, as {@code Allow} names them; empty when nothing is there. */
    List<String> methodsAt(String path) {
        List<String> names = new ArrayList<>();
        for (Method method : Method.values()) {
            if (match(method, path) != null) {
                names.add(method.name());
            }
        }
        if (!names.isEmpty()) {
            if (names.contains("GET")) {
                names.add("HEAD");
            }
            names.add("OPTIONS");
        }
        return names;
    }

    private static @Nullable Node find(
            Node node, Method method, String path, int from, List<String> values) {
        if (from > path.length()) {
            return node.routes.containsKey(method) ? node : null;
        }
        int slash = path.indexOf('/', from);
        int end = slash < 0 ? path.length() : slash;
        String segment = path.substring(from, end);
        Node literal = node.literals.get(segment);
        if (literal != null) {
            Node found = find(literal, method, path, end + 1, values);
            if (found != null) {
                return found;
            }
        }
        if (node.parameter == null || segment.isEmpty()) {
            return null;
        }
        values.add(segment);
        Node found = find(node.parameter, method, path, end + 1, values);
        if (found == null) {
            values.removeLast();
        }
        return found;
    }
}
