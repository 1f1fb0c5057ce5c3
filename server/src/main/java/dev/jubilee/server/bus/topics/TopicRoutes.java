package dev.jubilee.server.bus.topics;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
import dev.jubilee.server.http.ProblemException;
import dev.jubilee.server.http.Reply;
import dev.jubilee.server.http.Router;
import dev.jubilee.server.http.Routes;
import dev.jubilee.server.idempotency.Idempotency;
import dev.jubilee.server.security.Access;
import dev.jubilee.server.security.Role;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The HTTP face of topics. */
public final class TopicRoutes implements Routes {
    private final Topics topics;
    private final Idempotency idempotency;

    public TopicRoutes(Topics topics, Idempotency idempotency) {
        this.topics = topics;
        this.idempotency = idempotency;
    }

    /** What callers see of a topic. */
    private record View(
            String name,
            @Nullable String description,
            @Nullable String schema,
            int partitions,
            int replicationFactor,
            int retentionHours,
            String status,
            String category,
            @Nullable String ownerService,
            boolean isSystemTopic,
            boolean requiresAuth,
            boolean enableDlq,
            Instant createdAt,
            Instant updatedAt,
            @Nullable List<TopicDrift.Difference> drift) {
        static View of(Topic topic) {
            return of(topic, null);
        }

        static View of(Topic topic, @Nullable List<TopicDrift.Difference> drift) {
            return new View(
                    topic.name(),
                    topic.description(),
                    topic.schema(),
                    topic.partitions(),
                    topic.replicationFactor(),
                    topic.retentionHours(),
                    topic.status(),
                    topic.category(),
                    topic.ownerService(),
                    topic.isSystemTopic(),
                    topic.requiresAuth(),
                    topic.enableDlq(),
                    topic.createdAt(),
                    topic.updatedAt(),
                    drift);
        }
    }

    @Override
    public void on(Router router) {
        router.post("/topics", Access.OPERATOR, this::create)
                .get("/topics", Access.STAFF, this::list)
                .query("page", "limit", "category", "status")
                .get("/topics/drift", Access.OPERATOR, this::driftOfAll)
                .get("/topics/{name}", Access.STAFF, this::get)
                .patch("/topics/{name}", Access.OPERATOR, this::update)
                .query("force")
                .delete("/topics/{name}", Access.OPERATOR, this::delete)
                .query("confirm", "force")
                .post("/topics/{name}/pause", Access.OPERATOR, call -> status(call, Topic.PAUSED))
                .post("/topics/{name}/resume", Access.OPERATOR, call -> status(call, Topic.ACTIVE));
    }

    private Reply create(Call call) {
        NewTopicRequest asked = NewTopicRequest.read(call.input(), topics.settings());
        if (asked.isSystemTopic() && call.principal().role() != Role.ADMIN) {
            throw Problem.forbidden("A system topic is an admin's to make.").asException();
        }
        return topics.create(
                asked,
                call.principal(),
                work -> idempotency.once(call, work),
                topic -> Reply.created(View.of(topic)).with("Location", "/topics/" + topic.name()));
    }

    private Reply list(Call call) {
        Page page = Page.of(call);
        String category = call.query("category");
        String status = call.queryOneOf("status", List.of("active", "paused"));
        List<Topic> found = new ArrayList<>();
        for (Topic topic : topics.catalogue().all()) {
            if ((category == null || topic.category().equals(category))
                    && (status == null || topic.status().equals(status))) {
                found.add(topic);
            }
        }
        List<View> views =
                found.stream().skip(page.offset()).limit(page.limit()).map(View::of).toList();
        Reply reply = Reply.ok(views).with("X-Total-Count", Integer.toString(found.size()));
        String links = links(page, found.size(), filter(call));
        return links.isEmpty() ? reply : reply.with("Link", links);
    }

    private Reply get(Call call) {
        String name = call.path("name");
        Topic topic = topics.catalogue().find(name);
        if (topic == null) {
            topics.catalogue().refreshSoon().join();
            topic = topics.catalogue().find(name);
        }
        if (topic == null) {
            throw Problem.notFound("topic", name).asException();
        }
        return Reply.ok(View.of(topic, drift(topic)));
    }

    /** Kafka may be away, and the topic is shown all the same. */
    private @Nullable List<TopicDrift.Difference> drift(Topic topic) {
        try {
            List<TopicDrift.Difference> found = topics.drift().of(topic);
            return found.isEmpty() ? null : found;
        } catch (ProblemException e) {
            return null;
        }
    }

    private Reply driftOfAll(Call call) {
        TopicDrift.Report report = topics.drift().report();
        List<Map<String, Object>> differing = new ArrayList<>();
        report.topics()
                .forEach(
                        (name, found) -> differing.add(Map.of("name", name, "differences", found)));
        return Reply.ok(Map.of("topics", differing, "unknown", report.unknown()));
    }

    private Reply update(Call call) {
        return topics.changes()
                .update(
                        call.path("name"),
                        call.input(),
                        flag(call, "force"),
                        call.principal(),
                        work -> idempotency.once(call, work),
                        topic -> Reply.ok(View.of(topic)));
    }

    private Reply delete(Call call) {
        String confirmation = call.query("confirm");
        return topics.changes()
                .delete(
                        call.path("name"),
                        confirmation == null ? "" : confirmation,
                        flag(call, "force"),
                        call.principal(),
                        work -> idempotency.once(call, work));
    }

    private Reply status(Call call, String status) {
        return topics.changes()
                .setStatus(
                        call.path("name"),
                        status,
                        call.principal(),
                        work -> idempotency.once(call, work),
                        topic -> Reply.ok(View.of(topic)));
    }

    private static boolean flag(Call call, String name) {
        String value = call.query(name);
        if (value == null || value.equals("false")) {
            return false;
        }
        if (value.isEmpty() || value.equals("true")) {
            return true;
        }
        throw Problem.invalid(name, "must be true or false, was \"" + value + "\"").asException();
    }

    /** RFC 8288 links to the neighbouring pages. */
    private static String links(Page page, int total, String filter) {
        int last = Math.max(1, (total + page.limit() - 1) / page.limit());
        List<String> links = new ArrayList<>();
        if (page.number() > 1) {
            links.add(link(1, page, filter, "first"));
            links.add(link(page.number() - 1, page, filter, "prev"));
        }
        if (page.number() < last) {
            links.add(link(page.number() + 1, page, filter, "next"));
            links.add(link(last, page, filter, "last"));
        }
        return String.join(", ", links);
    }

    private static String link(int number, Page page, String filter, String rel) {
        return "</topics?page="
                + number
                + "&limit="
                + page.limit()
                + filter
                + ">; rel=\""
                + rel
                + "\"";
    }

    /** The filters of the request, to be carried to the other pages. */
    private static String filter(Call call) {
        StringBuilder filter = new StringBuilder();
        for (String name : List.of("category", "status")) {
            String value = call.query(name);
            if (value != null) {
                filter.append('&')
                        .append(name)
                        .append('=')
                        .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
            }
        }
        return filter.toString();
    }
}
