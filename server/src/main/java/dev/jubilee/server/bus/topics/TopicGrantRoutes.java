package dev.jubilee.server.bus.topics;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Input;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.security.Access;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The HTTP face of grants on topics. */
public final class TopicGrantRoutes implements Routes {
    private static final int MAX_PRINCIPAL = 255;

    private final Topics topics;
    private final Idempotency idempotency;

    public TopicGrantRoutes(Topics topics, Idempotency idempotency) {
        this.topics = topics;
        this.idempotency = idempotency;
    }

    @Override
    public void on(Router router) {
        router.get("/topics/{name}/grants", Access.OPERATOR, this::grants)
                .put("/topics/{name}/grants/{principal}", Access.ADMIN, this::grant)
                .delete("/topics/{name}/grants/{principal}", Access.ADMIN, this::revoke);
    }

    private Reply grants(Call call) {
        String name = call.path("name");
        if (topics.catalogue().find(name) == null) {
            throw Problem.notFound("topic", name).asException();
        }
        List<Map<String, Object>> grants = new ArrayList<>();
        topics.changes()
                .grantsOf(name)
                .forEach((principal, actions) -> grants.add(grantView(principal, actions)));
        return Reply.ok(Map.of("topic", name, "grants", grants));
    }

    private Reply grant(Call call) {
        String principal = call.path("principal");
        Input input = call.input();
        List<String> texts = input.texts("actions", TopicAction.values().length, 20);
        Set<TopicAction> actions = EnumSet.noneOf(TopicAction.class);
        for (String text : texts) {
            if (TopicAction.texts().contains(text)) {
                actions.add(TopicAction.of(text));
            } else {
                input.reject(
                        "actions",
                        "must be among "
                                + String.join(", ", TopicAction.texts())
                                + "; was \""
                                + text
                                + "\"");
            }
        }
        if (texts.isEmpty()) {
            input.reject("actions", "must name at least one");
        }
        if (principal.length() > MAX_PRINCIPAL
                || (principal.startsWith("role:") && !isRole(principal))) {
            input.reject("principal", "must be the id of a key, or role: and a role");
        }
        input.check();
        return topics.changes()
                .grant(
                        call.path("name"),
                        principal,
                        actions,
                        call.principal(),
                        work -> idempotency.once(call, work),
                        Reply.ok(grantView(principal, actions)));
    }

    private Reply revoke(Call call) {
        return topics.changes()
                .revoke(
                        call.path("name"),
                        call.path("principal"),
                        call.principal(),
                        work -> idempotency.once(call, work));
    }

    private static boolean isRole(String principal) {
        return List.of("role:service", "role:operator", "role:player").contains(principal);
    }

    private static Map<String, Object> grantView(String principal, Set<TopicAction> actions) {
        return Map.of(
                "principal",
                principal,
                "actions",
                actions.stream().map(TopicAction::text).toList());
    }
}
