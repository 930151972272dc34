// SPDX-License-Identifier: Apache-2.0

// What `helm template` does, with the parts that Helm is made of (Go's
// text/template, sprig, YAML), for machines that have no Helm:
//
//	helmtemplate [-n NAMESPACE] [-k KUBERNETES] [-f FILE]... [-s KEY=YAML]... [-only FILE]... CHART
//
// -only prints what these files of templates/ make, in this order.
// -values prints the values that the templates get, as JSON, for a check
// against values.schema.json, which is not done here.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v2"
)

type words []string

func (w *words) String() string     { return strings.Join(*w, ",") }
func (w *words) Set(s string) error { *w = append(*w, s); return nil }

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "helmtemplate:", err)
		os.Exit(1)
	}
}

// YAML maps have keys of any type, JSON's are strings; Helm's values are what
// JSON makes of them, numbers included.
func stringKeys(v interface{}) interface{} {
	switch v := v.(type) {
	case map[interface{}]interface{}:
		out := map[string]interface{}{}
		for k, x := range v {
			out[fmt.Sprint(k)] = stringKeys(x)
		}
		return out
	case []interface{}:
		for i := range v {
			v[i] = stringKeys(v[i])
		}
	}
	return v
}

func parseYAML(text []byte) (out interface{}, err error) {
	var v interface{}
	if err = yaml.UnmarshalStrict(text, &v); err != nil {
		return
	}
	j, err := json.Marshal(stringKeys(v))
	if err == nil {
		err = json.Unmarshal(j, &out)
	}
	return
}

func toYAML(v interface{}) string {
	j, err := json.Marshal(v)
	must(err)
	var x interface{}
	must(yaml.Unmarshal(j, &x)) // integers again
	y, err := yaml.Marshal(x)
	must(err)
	return strings.TrimSuffix(string(y), "\n")
}

func readYAML(file string) map[string]interface{} {
	text, err := os.ReadFile(file)
	must(err)
	v, err := parseYAML(text)
	if err != nil {
		err = fmt.Errorf("%s: %v", file, err)
	}
	must(err)
	m, _ := v.(map[string]interface{})
	return m
}

// Maps are merged, all else is replaced; null removes a key.
func merge(to, from map[string]interface{}) {
	for k, v := range from {
		a, both := to[k].(map[string]interface{})
		b, ok := v.(map[string]interface{})
		if v == nil {
			delete(to, k)
		} else if both && ok {
			merge(a, b)
		} else {
			to[k] = v
		}
	}
}

func set(values map[string]interface{}, assignment string) {
	name, text, ok := strings.Cut(assignment, "=")
	if !ok {
		must(fmt.Errorf("%q is not KEY=VALUE", assignment))
	}
	v, err := parseYAML([]byte(text))
	must(err)
	keys := strings.Split(name, ".")
	for i := len(keys) - 1; i > 0; i-- {
		v = map[string]interface{}{keys[i]: v}
	}
	merge(values, map[string]interface{}{keys[0]: v})
}

func functions(t *template.Template) template.FuncMap {
	f := sprig.TxtFuncMap()
	delete(f, "env")
	delete(f, "expandenv")
	f["toYaml"] = toYAML
	f["include"] = func(name string, data interface{}) (string, error) {
		var b bytes.Buffer
		err := t.ExecuteTemplate(&b, name, data)
		return b.String(), err
	}
	f["required"] = func(message string, v interface{}) (interface{}, error) {
		if v == nil || v == "" {
			return nil, fmt.Errorf("%s", message)
		}
		return v, nil
	}
	return f
}

// Parses what is below templates/ and returns the names of what makes objects.
func parse(t *template.Template, chart, name string) (files []string) {
	paths, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	must(err)
	sort.Strings(paths)
	for _, p := range paths {
		text, err := os.ReadFile(p)
		must(err)
		full := path.Join(name, "templates", filepath.Base(p))
		_, err = t.New(full).Parse(string(text))
		must(err)
		if strings.HasSuffix(p, ".yaml") {
			files = append(files, full)
		}
	}
	return
}

func main() {
	var valueFiles, sets, only words
	namespace := flag.String("n", "kube-system", "namespace of the release")
	kube := flag.String("k", "v1.30.0", "version of Kubernetes")
	onlyValues := flag.Bool("values", false, "the values, as JSON")
	flag.Var(&valueFiles, "f", "file of values")
	flag.Var(&sets, "s", "one value")
	flag.Var(&only, "only", "file of templates/")
	flag.Parse()

	chart := flag.Arg(0)
	about := readYAML(filepath.Join(chart, "Chart.yaml"))
	values := readYAML(filepath.Join(chart, "values.yaml"))
	for _, f := range valueFiles {
		merge(values, readYAML(f))
	}
	for _, s := range sets {
		set(values, s)
	}
	if *onlyValues {
		must(json.NewEncoder(os.Stdout).Encode(values))
		return
	}

	name := about["name"].(string)
	t := template.New("").Option("missingkey=zero")
	t.Funcs(functions(t))
	files := parse(t, chart, name)
	if len(only) > 0 {
		files = nil
	}
	for _, o := range only {
		files = append(files, path.Join(name, "templates", o))
	}
	for _, file := range files {
		var b bytes.Buffer
		must(t.ExecuteTemplate(&b, file, map[string]interface{}{
			"Values": values,
			"Chart": map[string]interface{}{
				"Name": name, "Version": about["version"], "AppVersion": about["appVersion"]},
			"Release": map[string]interface{}{
				"Name": name, "Namespace": *namespace, "Service": "Helm"},
			"Capabilities": map[string]interface{}{
				"KubeVersion": map[string]interface{}{"Version": *kube}},
			"Template": map[string]interface{}{
				"Name": file, "BasePath": path.Join(name, "templates")},
		}))
		text := strings.TrimSpace(strings.ReplaceAll(b.String(), "<no value>", ""))
		if text == "" {
			continue
		}
		if strings.HasSuffix(file, ".yaml") {
			fmt.Printf("---\n# Source: %s\n", file)
		}
		fmt.Println(text)
	}
}
