/* The agents of all nodes, from their pods. */
#include "k8s/cluster/peers.h"

#include "test/support/check.h"

static Polarstack__V1__ClusterNodes *peers_of(const char *pods)
{
    PSD_AUTO_JSON cJSON *tree = cJSON_Parse(pods);
    assert_non_null(tree);
    return psd_peers_of(tree, "n1", "ipc:///run/x/daemon.sock", 8901);
}

static void check_node(const Polarstack__V1__ClusterNodes *nodes, size_t index, const char *node,
                       const char *pod, const char *url)
{
    assert_true(index < nodes->n_nodes);
    assert_string_equal(nodes->nodes[index]->node, node);
    assert_string_equal(nodes->nodes[index]->pod, pod);
    assert_string_equal(nodes->nodes[index]->url, url);
}

#define POD(NAME, NODE, PHASE, IP, MADE)                                                               \
    "{\"metadata\":{\"name\":\"" NAME "\",\"namespace\":\"kube-system\",\"creationTimestamp\":\"" MADE \
    "\"},\"spec\":{\"nodeName\":\"" NODE "\"},\"status\":{\"phase\":\"" PHASE "\",\"podIP\":\"" IP "\"}}"

static void test_own_node_without_a_pod(void **state)
{
    (void)state;
    Polarstack__V1__ClusterNodes *nodes = peers_of("[]");
    assert_int_equal(nodes->n_nodes, 1);
    check_node(nodes, 0, "n1", "", "ipc:///run/x/daemon.sock");
    polarstack__v1__cluster_nodes__free_unpacked(nodes, NULL);
}

static void test_own_node_by_its_own_way(void **state)
{
    (void)state;
    Polarstack__V1__ClusterNodes *nodes = peers_of("[" POD("p1", "n1", "Running", "10.0.0.1", "a") "]");
    assert_int_equal(nodes->n_nodes, 1);
    check_node(nodes, 0, "n1", "kube-system/p1", "ipc:///run/x/daemon.sock");
    assert_string_equal(nodes->nodes[0]->address, "10.0.0.1");
    polarstack__v1__cluster_nodes__free_unpacked(nodes, NULL);
}

static void test_sorted_and_each_once(void **state)
{
    (void)state;
    Polarstack__V1__ClusterNodes *nodes = peers_of(
        "[" POD("c", "n3", "Running", "10.0.0.3", "2026-01-01T00:00:00Z") "," /* made last: counts */
        POD("b2", "n2", "Running", "10.0.0.22", "2026-01-02T00:00:00Z") "," POD(
            "b1", "n2", "Running", "10.0.0.21", "2026-01-01T00:00:00Z") "," POD("b3", "n2", "Pending", "",
                                                                                "2026-01-03T00:00:00Z") "]");
    assert_int_equal(nodes->n_nodes, 3);
    check_node(nodes, 0, "n1", "", "ipc:///run/x/daemon.sock");
    check_node(nodes, 1, "n2", "kube-system/b2", "tcp://10.0.0.22:8901");
    check_node(nodes, 2, "n3", "kube-system/c", "tcp://10.0.0.3:8901");
    polarstack__v1__cluster_nodes__free_unpacked(nodes, NULL);
}

static void test_which_pods_are_agents(void **state)
{
    (void)state;
    Polarstack__V1__ClusterNodes *nodes = peers_of(
        "[" POD("a", "", "Pending", "", "a") "," POD("b", "n2", "Succeeded", "10.0.0.2", "a") "," POD(
            "c", "n3", "Failed", "10.0.0.3",
            "a") "," POD("d", "n4", "Pending", "",
                         "a") "," POD("e", "n5", "Running", "fd00::5",
                                      "a") ","
                                           "{\"metadata\":{\"name\":\"f\",\"namespace\":\"kube-system\","
                                           "\"deletionTimestamp\":\"b\",\"creationTimestamp\":\"b\"},"
                                           "\"spec\":{\"nodeName\":\"n5\"},\"status\":{\"phase\":\"Running\","
                                           "\"podIP\":\"fd00::6\"}},"
                                           "7,null,{\"metadata\":7}]");
    assert_int_equal(nodes->n_nodes, 3);
    check_node(nodes, 1, "n4", "kube-system/d", "");
    check_node(nodes, 2, "n5", "kube-system/e", "tcp://[fd00::5]:8901"); /* f is being deleted */
    polarstack__v1__cluster_nodes__free_unpacked(nodes, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_node_without_a_pod),
        cmocka_unit_test(test_own_node_by_its_own_way),
        cmocka_unit_test(test_sorted_and_each_once),
        cmocka_unit_test(test_which_pods_are_agents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
