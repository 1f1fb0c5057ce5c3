package dev.jubilee.server.bus.topics;

import dev.jubilee.server.http.Call;
import dev.jubilee.server.http.Page;
import dev.jubilee.server.http.Problem;
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
            Instant updatedAt) {
        static View of(Topic topic) {
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
                    topic.updatedAt());
        }
    }

    @Override
    public void on(Router router) {
        router.post("/topics", Access.OPERATOR, this::create)
                .get("/topics", Access.PLAYER, this::list)
                .get("/topics/{name}", Access.PLAYER, this::get);
    }

    private Reply create(Call call) {
        NewTopicRequest asked = NewTopicRequest.read(call.input(), topics.settings());
        return topics.create(
                asked,
                call.principal(),
                work -> idempotency.once(call, work),
                topic -> Reply.created(View.of(topic)).with("Location", "/topics/" + topic.name()));
    }

    private Reply list(Call call) {
        mustBeStaff(call);
        Page page = Page.of(call);
        String category = call.query("category");
        List<Topic> found = new ArrayList<>();
        for (Topic topic : topics.catalogue().all()) {
            if (category == null || topic.category().equals(category)) {
                found.add(topic);
            }
        }
        List<View> views =
                found.stream().skip(page.offset()).limit(page.limit()).map(View::of).toList();
        Reply reply = Reply.ok(views).with("X-Total-Count", Integer.toString(found.size()));
        String links = links(page, found.size(), category);
        return links.isEmpty() ? reply : reply.with("Link", links);
    }

    private Reply get(Call call) {
        mustBeStaff(call);
        String name = call.path("name");
        Topic topic = topics.catalogue().find(name);
        if (topic == null) {
            topics.catalogue().refreshSoon().join();
            topic = topics.catalogue().find(name);
        }
        if (topic == null) {
            throw Problem.notFound("topic", name).asException();
        }
        return Reply.ok(View.of(topic));
    }

    /** Topics are the business of game servers and operators, not of players. */
    private static void mustBeStaff(Call call) {
        if (call.principal().role() == Role.PLAYER) {
            throw Problem.forbidden("Players do not see topics.").asException();
        }
    }

    /** RFC 8288 links to the neighbouring pages. */
    private static String links(Page page, int total, @Nullable String category) {
        int last = Math.max(1, (total + page.limit() - 1) / page.limit());
        List<String> links = new ArrayList<>();
        if (page.number() > 1) {
            links.add(link(1, page, category, "first"));
            links.add(link(page.number() - 1, page, category, "prev"));
        }
        if (page.number() < last) {
            links.add(link(page.number() + 1, page, category, "next"));
            links.add(link(last, page, category, "last"));
        }
        return String.join(", ", links);
    }

    private static String link(int number, Page page, @Nullable String category, String rel) {
        String filter =
                category == null
                        ? ""
                        : "&category=" + URLEncoder.encode(category, StandardCharsets.UTF_8);
        return "</topics?page="
                + number
                + "&limit="
                + page.limit()
                + filter
                + ">; rel=\""
                + rel
                + "\"";
    }
}
